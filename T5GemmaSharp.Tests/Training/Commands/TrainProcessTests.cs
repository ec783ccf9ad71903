using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Logging.Files;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>Training as another program sees it: a child process that is interrupted or killed and goes on.</summary>
public sealed class TrainProcessTests
{
    private static int Kills => int.Parse(Environment.GetEnvironmentVariable("T5GEMMA_KILLS") ?? "2", CultureInfo.InvariantCulture);

    [Test]
    [CancelAfter(1_800_000)]
    public async Task Train_KilledAtAnyMoment_GoesOnAndEndsAsAnUndisturbedRun(CancellationToken cancellation)
    {
        using var folder = new ScratchFolder();
        var trainingSteps = 30 + (10 * Kills); // more than are done between the kills
        var (whole, killed) = (Path.Combine(folder.Path, "whole"), Path.Combine(folder.Path, "killed"));
        using (var undisturbed = CommandProcess.Start(Arguments("--out", whole, trainingSteps)))
            await End(undisturbed, expected: 0, cancellation);

        var (random, steps, halfWritten) = (new Random(20261124), new List<int>(), 0);
        for (var kill = 0; kill < Kills; kill++)
        {
            using var process = CommandProcess.Start(Arguments("--resume", killed, trainingSteps));
            await WaitForStep(process, cancellation);
            await Task.Delay(random.Next(400), cancellation); // somewhere in the next steps and their checkpoints
            process.Kill();
            await process.WaitForExitAsync(cancellation);
            halfWritten += Directory.Exists(killed) ? Directory.GetDirectories(killed, "*.tmp").Length : 0;
            if (new TrainingCheckpoints(killed).Latest is not { } checkpoint)
                continue; // killed before the first one
            using var model = T5GemmaForConditionalGeneration.FromPretrained(checkpoint);
            var state = RunStateFile.Read(checkpoint).State;
            Assert.That(state.Reports, Has.Count.EqualTo(state.Step), $"kill {kill}");
            steps.Add(state.Step);
        }

        TestContext.Out.WriteLine($"{Kills} kills, {halfWritten} of them while a folder was written; checkpoints after them: {string.Join(", ", steps)}");
        Assert.That(steps, Is.Not.Empty.And.Ordered);
        using (var last = CommandProcess.Start(Arguments("--resume", killed, trainingSteps)))
            await End(last, expected: 0, cancellation);
        Assert.That(File.ReadAllBytes(Path.Combine(killed, CheckpointFiles.Single)), Is.EqualTo(File.ReadAllBytes(Path.Combine(whole, CheckpointFiles.Single))));
        Assert.That(LoggedSteps(killed), Is.EqualTo((int[])[.. Enumerable.Range(1, trainingSteps), trainingSteps]), "every step's report, and the evaluation at the end");
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Train_Interrupted_SavesExitsWith130AndGoesOn([Values("INT", "TERM")] string signal, CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("one process cannot interrupt another there");
        using var folder = new ScratchFolder();
        var run = Path.Combine(folder.Path, "run");
        using (var process = CommandProcess.Start(Arguments("--out", run, checkpointSteps: 0)))
        {
            await WaitForStep(process, cancellation);
            Process.Start("kill", [$"-{signal}", $"{process.Id}"]).WaitForExit();
            await End(process, expected: 130, cancellation);
        }

        var checkpoint = new TrainingCheckpoints(run).Latest;
        Assert.That(checkpoint, Is.Not.Null);
        Assert.That(LoggedSteps(run), Is.EqualTo(Enumerable.Range(1, RunStateFile.Read(checkpoint).State.Step)));
        Assert.That(File.Exists(Path.Combine(run, RunLog.CurvesName)), Is.True);
        using var again = CommandProcess.Start(Arguments("--resume", run, checkpointSteps: 0));
        await End(again, expected: 0, cancellation);
    }

    [Test]
    [CancelAfter(120_000)]
    public async Task Train_ResumedWithOtherSettings_IsRefusedByName(CancellationToken cancellation)
    {
        using var folder = new ScratchFolder();
        var run = Path.Combine(folder.Path, "run");
        using (var process = CommandProcess.Start(Arguments("--out", run, steps: 2)))
            await End(process, expected: 0, cancellation);
        using var again = CommandProcess.Start([.. Arguments("--resume", run, steps: 3), "--lr", "0.5"]);
        var errors = await again.StandardError.ReadToEndAsync(cancellation);
        await again.WaitForExitAsync(cancellation);
        Assert.Multiple(() =>
        {
            Assert.That(again.ExitCode, Is.EqualTo(2));
            Assert.That(errors, Does.Contain("LearningRate was 0.002, is 0.5").And.Contain("Steps was 2, is 3"));
        });
    }

    private static IEnumerable<int> LoggedSteps(string run)
        => File.ReadLines(Path.Combine(run, JsonLog.FileName)).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("step").GetInt32());

    private static string[] Arguments(string folderOption, string folder, int steps = 40, int checkpointSteps = 1) =>
    [
        "train", folderOption, folder, "--device", "cpu", "--steps", $"{steps}", "--checkpoint-steps", $"{checkpointSteps}", "--checkpoint-limit", "2",
        "--batch-size", "4", "--micro-batch-size", "2", "--hidden-size", "16", "--heads", "2", "--layers", "1", "--intermediate-size", "16", "--dropout", "0.1",
        "--report-steps", "1", "--evaluation-steps", "0",
    ];

    private static async Task WaitForStep(Process process, CancellationToken cancellation)
    {
        while (await process.StandardOutput.ReadLineAsync(cancellation) is { } line)
        {
            if (line.StartsWith("step ", StringComparison.Ordinal))
                return;
        }

        Assert.Fail($"the program ended before its first step: {await process.StandardError.ReadToEndAsync(cancellation)}");
    }

    private static async Task End(Process process, int expected, CancellationToken cancellation)
    {
        var output = process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.That(process.ExitCode, Is.EqualTo(expected), $"{await output}{errors}");
    }
}
