using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Logging.Files;

namespace T5GemmaSharp.Tests.Training.Distributed;

/// <summary>Training by mpirun as its user sees it: ranks that agree, that are killed and that hang.</summary>
public sealed class DistributedTrainTests
{
    private const int Steps = 12;
    private const int PeerLost = 4;

    private static readonly TimeSpan ShortPatience = TimeSpan.FromSeconds(4);

    private readonly ScratchFolder _folder = new();
    private IReadOnlyList<double> _losses = []; // of two ranks that nobody disturbs

    [OneTimeSetUp]
    public async Task TrainUndisturbed() => _losses = await Losses(MpiLauncher.Start(2, Arguments("--out", "whole")), "whole", CancellationToken.None);

    [OneTimeTearDown]
    public void RemoveRuns() => _folder.Dispose();

    [Test]
    [CancelAfter(300_000)]
    public async Task Train_ByMpirun_HasTheLossesOfOneProcess(CancellationToken cancellation)
    {
        var expected = await Losses(CommandProcess.Start(Arguments("--out", "one")), "one", cancellation);
        var three = await Losses(MpiLauncher.Start(3, [.. Arguments("--out", "three"), "--replicate-optimizer"]), "three", cancellation); // one has no micro-batch
        Assert.That(expected, Has.Count.EqualTo(Steps));
        foreach (var (ranks, losses) in new[] { (2, _losses), (3, three) })
        {
            Assert.That(losses, Has.Count.EqualTo(Steps));
            foreach (var (step, (here, there)) in losses.Zip(expected).Index())
                Assert.That(here, Is.EqualTo(there).Within(1e-4).Percent, $"loss of step {step + 1} of {ranks} ranks");
        }
    }

    [TestCase("KILL", 1, "a step")]
    [TestCase("STOP", 1, "a reduction")]
    [TestCase("KILL", 0, "a save")]
    [CancelAfter(300_000)]
    public async Task Train_RankIsLost_EndsAllAndGoesOnToTheSameEnd(string signal, int rank, string during, CancellationToken cancellation)
    {
        var name = $"{signal}-{rank}-{during}";
        var run = Path.Combine(_folder.Path, name);
        TimeSpan ended;
        using (var process = MpiLauncher.Start(2, [.. Arguments("--resume", name), "--distributed-timeout", $"{ShortPatience.TotalSeconds}"]))
        {
            var errors = process.StandardError.ReadToEndAsync(cancellation);
            await WaitForStep(process, 5, cancellation);
            var victim = RankProcesses.Find(process, rank);
            if (during == "a save")
                await WaitUntil(() => Directory.GetDirectories(run, "*.tmp").Length > 0, cancellation);
            var clock = Stopwatch.StartNew();
            RankProcesses.Signal(victim, signal);
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            ended = clock.Elapsed;
            Assert.That(process.ExitCode, Is.Not.Zero, await output + await errors);
            if (signal == "STOP")
                Assert.That((process.ExitCode, (await errors).Contains($"rank 0 of 2 waited {ShortPatience.TotalSeconds} s", StringComparison.Ordinal)), Is.EqualTo((PeerLost, true)), await errors);
            TestContext.Out.WriteLine($"rank {rank} got {signal} during {during}: exit code {process.ExitCode} after {ended.TotalSeconds:0.0} s; left: {string.Join(", ", Directory.GetDirectories(run).Select(Path.GetFileName))}");
        }

        Assert.That(ended, Is.LessThan(ShortPatience + TimeSpan.FromSeconds(30)));
        var checkpoint = TrainingCheckpoints.In(run)[^1];
        using (var model = T5GemmaForConditionalGeneration.FromPretrained(checkpoint))
        using (OptimizerFile.Open(checkpoint))
            Assert.That(RunStateFile.Read(checkpoint).State.Step, Is.GreaterThanOrEqualTo(4));

        _ = await Losses(MpiLauncher.Start(2, Arguments("--resume", name)), name, cancellation);
        Assert.That(File.ReadAllBytes(Path.Combine(run, CheckpointFiles.Single)), Is.EqualTo(File.ReadAllBytes(Path.Combine(_folder.Path, "whole", CheckpointFiles.Single))));
        Assert.That(Directory.GetDirectories(run, "*.tmp"), Is.Empty);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Train_AdafactorOnRanks_IsRefusedByName(CancellationToken cancellation)
    {
        using var process = MpiLauncher.Start(2, ["train", "--device", "cpu", "--model", _folder.Path, "--data", "none.jsonl", "--optimizer", "Adafactor"]);
        var (code, _, errors) = await MpiLauncher.End(process, cancellation);
        Assert.That(code, Is.EqualTo(2), errors);
        Assert.That(errors, Does.Contain("--replicate-optimizer"));
    }

    private string[] Arguments(string option, string run) =>
    [
        "train", option, Path.Combine(_folder.Path, run), "--device", "cpu", "--steps", $"{Steps}", "--checkpoint-steps", "1", "--checkpoint-limit", "2",
        "--batch-size", "8", "--micro-batch-size", "4", "--hidden-size", "16", "--heads", "2", "--layers", "1", "--intermediate-size", "16", "--dropout", "0.1",
        "--report-steps", "1", "--evaluation-steps", "0", "--bucket-mb", "0.01", "--checksum-steps", "4",
    ];

    private async Task<IReadOnlyList<double>> Losses(Process ownedProcess, string run, CancellationToken cancellation)
    {
        using var process = ownedProcess;
        var (code, output, errors) = await MpiLauncher.End(process, cancellation);
        Assert.That(code, Is.Zero, output + errors);
        return [.. File.ReadLines(Path.Combine(_folder.Path, run, JsonLog.FileName)).Select(line => JsonDocument.Parse(line).RootElement)
            .Where(line => line.TryGetProperty("grad_norm", out _)).Select(line => line.GetProperty("loss").GetDouble())];
    }

    private static async Task WaitForStep(Process process, int step, CancellationToken cancellation)
    {
        while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith($"step {step}/", StringComparison.Ordinal))
                return;
        }

        Assert.Fail("the program ended before");
    }

    private static async Task WaitUntil(Func<bool> holds, CancellationToken cancellation)
    {
        while (!holds())
            await Task.Delay(1, cancellation);
    }
}
