using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Logging.Files;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>Training on a disk that is full after a few checkpoints.</summary>
public sealed class TrainDiskFullTests
{
    private const int Steps = 20;

    [Test]
    [CancelAfter(180_000)]
    public async Task Train_DiskFull_NamesTheFileKeepsTheLastCheckpointAndGoesOn(CancellationToken cancellation)
    {
        using var folder = new ScratchFolder();
        if (!OperatingSystem.IsLinux() || await Mount(["-t", "tmpfs", "-o", "size=1m", "tmpfs", folder.Path]) != 0)
            Assert.Ignore("a small disk cannot be mounted: this is not Linux, or not root");
        try
        {
            var run = folder["run"];
            var (code, errors) = await Train("--out", run);
            Assert.That((code, errors.TrimEnd().Split('\n').Length), Is.EqualTo((2, 1)), errors);
            Assert.That(errors, Does.StartWith("error: ").And.Contain(run).And.Match("disk was full|[Nn]o space left"));
            var checkpoint = new TrainingCheckpoints(run).Latest;
            Assert.That(checkpoint, Is.Not.Null);
            using (var model = T5GemmaForConditionalGeneration.FromPretrained(checkpoint))
            using (OptimizerFile.Open(checkpoint))
                Assert.That(RunStateFile.Read(checkpoint).State.Step, Is.InRange(1, Steps - 1));
            Assert.That(Directory.GetFileSystemEntries(run, "*.tmp"), Is.Empty);

            Assert.That(await Mount(["-o", "remount,size=64m", folder.Path]), Is.Zero);
            (code, errors) = await Train("--resume", run);
            Assert.That(code, Is.Zero, errors);
            Assert.That(File.ReadLines(Path.Combine(run, JsonLog.FileName)).Count(), Is.EqualTo(Steps + 1), "a report a step, and an evaluation");
        }
        finally
        {
            await Execute("umount", [folder.Path]);
        }

        async Task<(int Code, string Errors)> Train(string option, string run)
        {
            using var process = CommandProcess.Start(
            [
                "train", option, run, "--device", "cpu", "--steps", $"{Steps}", "--checkpoint-steps", "1", "--batch-size", "4", "--hidden-size", "16", "--heads", "2", "--layers", "1",
                "--intermediate-size", "16", "--report-steps", "1", "--evaluation-steps", "0",
            ]);
            var output = process.StandardOutput.ReadToEndAsync(cancellation);
            var errors = await process.StandardError.ReadToEndAsync(cancellation);
            await output;
            await process.WaitForExitAsync(cancellation);
            return (process.ExitCode, errors);
        }

        Task<int> Mount(string[] arguments) => Execute("mount", arguments);

        async Task<int> Execute(string program, string[] arguments)
        {
            using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true })!;
            await process.StandardError.ReadToEndAsync(cancellation);
            await process.WaitForExitAsync(cancellation);
            return process.ExitCode;
        }
    }
}
