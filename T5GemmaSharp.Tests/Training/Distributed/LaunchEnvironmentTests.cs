using NUnit.Framework;
using T5GemmaSharp.Training.Distributed;

namespace T5GemmaSharp.Tests.Training.Distributed;

public sealed class LaunchEnvironmentTests
{
    [Test]
    public void Read_NoLauncher_IsOneProcess() => Assert.That(Read(), Is.EqualTo(new LaunchEnvironment()));

    [Test]
    public void Read_Torchrun_MeetsBesideItsOwnStore() => Assert.That(
        Read("RANK=5", "WORLD_SIZE=8", "LOCAL_RANK=1", "LOCAL_WORLD_SIZE=4", "MASTER_ADDR=head", "MASTER_PORT=29500", "SLURM_PROCID=1", "SLURM_NTASKS=2"),
        Is.EqualTo(new LaunchEnvironment { Launcher = "torchrun", Rank = 5, World = 8, LocalRank = 1, LocalWorld = 4, MasterAddress = "head", MasterPort = 29501 }));

    [Test]
    public void Read_OpenMpi_SaysNoAddress() => Assert.That(
        Read("OMPI_COMM_WORLD_RANK=2", "OMPI_COMM_WORLD_SIZE=3", "OMPI_COMM_WORLD_LOCAL_RANK=2", "OMPI_COMM_WORLD_LOCAL_SIZE=3"),
        Is.EqualTo(new LaunchEnvironment { Launcher = "Open MPI", Rank = 2, World = 3, LocalRank = 2, LocalWorld = 3 }));

    [Test]
    public void Read_Hydra_IsPmi() => Assert.That(
        Read("PMI_RANK=1", "PMI_SIZE=2", "MPI_LOCALRANKID=1", "MPI_LOCALNRANKS=2"),
        Is.EqualTo(new LaunchEnvironment { Launcher = "PMI", Rank = 1, World = 2, LocalRank = 1, LocalWorld = 2 }));

    [Test]
    public void Read_Slurm_MeetsOnTheFirstMachine() => Assert.That(
        Read("SLURM_STEP_ID=0", "SLURM_PROCID=9", "SLURM_NTASKS=16", "SLURM_LOCALID=1", "SLURM_NTASKS_PER_NODE=8", "SLURM_STEP_NODELIST=gpu[07-08]", "SLURM_JOB_ID=1234567"),
        Is.EqualTo(new LaunchEnvironment { Launcher = "Slurm", Rank = 9, World = 16, LocalRank = 1, LocalWorld = 8, MasterAddress = "gpu07", MasterPort = 24567 }));

    [Test]
    public void Read_SlurmWithPmi_TakesWhatEachSays() => Assert.That(
        Read("PMI_RANK=1", "PMI_SIZE=2", "SLURM_STEP_ID=0", "SLURM_LOCALID=1", "SLURM_STEP_NODELIST=a,b", "SLURM_JOB_ID=5", "T5GEMMA_PORT=4000"),
        Is.EqualTo(new LaunchEnvironment { Launcher = "PMI", Rank = 1, World = 2, LocalRank = 1, MasterAddress = "a", MasterPort = 4000 }));

    [Test]
    public void Read_BatchScriptOfSlurm_IsOneProcess() => Assert.That(Read("SLURM_PROCID=0", "SLURM_NTASKS=16"), Is.EqualTo(new LaunchEnvironment()));

    [TestCase("RANK: expected 0 to WORLD_SIZE - 1 (1), got 2", "RANK=2", "WORLD_SIZE=2")]
    [TestCase("WORLD_SIZE: expected a number, got 'two'", "RANK=0", "WORLD_SIZE=two")]
    public void Read_WrongNumbers_NamesTheVariable(string message, params string[] variables)
        => Assert.That(() => Read(variables), Throws.TypeOf<FormatException>().With.Message.EqualTo(message));

    [TestCase("node1", "node1")]
    [TestCase("node1,node2", "node1")]
    [TestCase("node[01-04,07],login1", "node01")]
    [TestCase("rack2-node[9,11]-ib", "rack2-node9-ib")]
    [TestCase("a,b[1-2]", "a")]
    [TestCase("", null)]
    [TestCase(null, null)]
    public void First_ListOfSlurm_IsItsFirstMachine(string? list, string? expected) => Assert.That(SlurmNodes.First(list), Is.EqualTo(expected));

    [TestCase(2, null, "2")]
    [TestCase(1, "4,5", "5")]
    [TestCase(3, "GPU-8f", "GPU-8f")] // chosen by the launcher
    public void Visible_EachProcess_HasADeviceOfItsOwn(int localRank, string? visible, string expected) => Assert.That(RankDevices.Visible(localRank, visible), Is.EqualTo(expected));

    [Test]
    public void Visible_MoreProcessesThanDevices_IsRefused()
        => Assert.That(() => RankDevices.Visible(2, "0,1"), Throws.ArgumentException.With.Message.Contains("expected a device for local rank 2, got 2 (0,1)"));

    [TestCase(DistributedEngine.Auto, 1, true, DistributedEngine.Alone)]
    [TestCase(DistributedEngine.Auto, 2, true, DistributedEngine.Nccl)]
    [TestCase(DistributedEngine.Auto, 2, false, DistributedEngine.Mpi)]
    [TestCase(DistributedEngine.Nccl, 1, true, DistributedEngine.Nccl)]
    public void Resolve_Auto_FollowsTheEnvironment(DistributedEngine engine, int world, bool isCuda, DistributedEngine expected)
        => Assert.That(Ranks.Resolve(engine, new LaunchEnvironment { World = world }, isCuda), Is.EqualTo(expected));

    private static LaunchEnvironment Read(params string[] variables)
    {
        var values = variables.Select(variable => variable.Split('=')).ToDictionary(pair => pair[0], pair => pair[1]);
        return LaunchEnvironment.Read(name => values.GetValueOrDefault(name));
    }
}
