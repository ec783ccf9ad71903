using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Distributed;

public sealed class MpiCollectivesTests
{
    [TestCase("MPICH", 2)]
    [TestCase("MPICH", 3)]
    [TestCase("Open MPI", 3)]
    [CancelAfter(300_000)]
    public async Task Collectives_OfSeveralRanks_AreRightInEverySizeAndDType(string family, int ranks, CancellationToken cancellation)
    {
        using var process = MpiLauncher.Start(ranks, ["collectives", "--device", "cpu"], family);
        var (code, output, errors) = await MpiLauncher.End(process, cancellation);
        Assert.That(code, Is.Zero, output + errors);
        Assert.That(output, Does.Contain($"mpi: {ranks} ranks on CPU, 0 faults"));
        TestContext.Out.WriteLine(output);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Collectives_WithoutALibrary_SayWhatToInstall(CancellationToken cancellation)
    {
        using var process = CommandProcess.Start(["collectives", "--device", "cpu"], ("RANK", "0"), ("WORLD_SIZE", "2"), ("T5GEMMA_MPI", "/nowhere/libmpi.so"));
        var (code, _, errors) = await MpiLauncher.End(process, cancellation);
        Assert.That(code, Is.EqualTo(2), errors);
        Assert.That(errors, Does.Contain("/nowhere/libmpi.so").And.Contain("apt-get install mpich"));
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Collectives_LibraryOfAnotherLauncher_AreRefused(CancellationToken cancellation)
    {
        _ = MpiLauncher.Find("MPICH");
        using var process = CommandProcess.Start(["collectives", "--device", "cpu"], ("RANK", "0"), ("WORLD_SIZE", "2"));
        var (code, _, errors) = await MpiLauncher.End(process, cancellation);
        Assert.That(code, Is.EqualTo(2), errors);
        Assert.That(errors, Does.Contain("expected 2 processes, as the launcher (torchrun) says").And.Contain("sees 1"));
    }
}
