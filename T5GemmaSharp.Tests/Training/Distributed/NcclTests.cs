using NUnit.Framework;
using T5GemmaSharp.Training.Distributed.Mpi;
using T5GemmaSharp.Training.Distributed.Nccl;

namespace T5GemmaSharp.Tests.Training.Distributed;

public sealed class NcclTests
{
    [Test]
    public void Candidates_LayoutOfPyTorch_FindsThePackageBesideIt() => Assert.That(
        NcclFinder.Candidates(chosen: null, loaded: null, "/env/site-packages/torch/lib"),
        Is.EqualTo(new[] { "/env/site-packages/nvidia/nccl/lib/libnccl.so.2", "/env/site-packages/torch/lib/libnccl.so.2", "/env/site-packages/torch/lib/libtorch_cuda.so", "libnccl.so.2" }));

    [Test]
    public void Candidates_LoadedCopy_ComesFirst()
        => Assert.That(NcclFinder.Candidates(chosen: null, "/a/libnccl.so.2.27", libtorch: null), Is.EqualTo(new[] { "/a/libnccl.so.2.27", "libnccl.so.2" }));

    [Test]
    public void Candidates_ChosenByVariable_IsTheOnlyOne() => Assert.That(NcclFinder.Candidates("/mine.so", "/a/libnccl.so.2", "/torch/lib"), Is.EqualTo(new[] { "/mine.so" }));

    [Test]
    public void Candidates_OfMpi_BeginWithTheLaunchersFamily() => Assert.Multiple(() =>
    {
        Assert.That(MpiFinder.Candidates("Open MPI", chosen: null)[0], Does.Contain("libmpi"));
        Assert.That(MpiFinder.Candidates("PMI", chosen: null)[0], Does.Contain("12").Or.Contain("mpich"));
        Assert.That(MpiFinder.Candidates("PMI", "/mine.so"), Is.EqualTo(new[] { "/mine.so" }));
    });

    [Test]
    public void TryLoad_ALibraryThatIsNone_IsNull() => Assert.Multiple(() =>
    {
        Assert.That(NcclLibrary.TryLoad("/nowhere/libnccl.so.2"), Is.Null);
        Assert.That(MpiLibrary.TryLoad("/nowhere/libmpi.so"), Is.Null);
        if (OperatingSystem.IsLinux())
            Assert.That((NcclLibrary.TryLoad("libc.so.6"), MpiLibrary.TryLoad("libc.so.6")), Is.EqualTo(((NcclLibrary?)null, (MpiLibrary?)null)), "a library without their functions");
    });

    [Test]
    public unsafe void UniqueId_IsPassedAsItsBytes() => Assert.That(sizeof(NcclUniqueId), Is.EqualTo(128));

    [Test]
    public void Version_WhereThereIsNccl_IsNewEnough()
    {
        if (NcclLibrary.TryLoad(Environment.GetEnvironmentVariable(NcclFinder.Variable) ?? "libnccl.so.2") is not { } nccl)
        {
            Assert.Ignore("there is no NCCL");
            return;
        }

        Assert.That(nccl.Version, Is.GreaterThanOrEqualTo(21_000));
    }
}
