using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Training.Checkpointing;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Finetuning;

[NonParallelizable] // the verb prints to the console
public sealed class AveragedTrainingTests : FinetuningFixture
{
    private static readonly string[] Settings = ["--device", "cpu", "--lr", "0.01", "--batch-size", "2", "--micro-batch-size", "1"];

    private string _data = "";

    [OneTimeSetUp]
    public void WriteData() => _data = Files.Write("pairs.jsonl", ["""{"input": "a", "target": "b"}""", """{"input": "b", "target": "c"}""", """{"input": "c d", "target": "d"}"""]);

    [Test]
    public void Train_Ema_SavesTheAverageOfTheCheckpointsWeights()
    {
        const int Steps = 5;
        Train("--steps", $"{Steps}", "--checkpoint-steps", "1");
        using var scope = NewDisposeScope();
        using var final = Weights(Files.Run);
        foreach (var key in final.Keys)
        {
            using var begun = Weights(Files.Folder);
            var average = begun.Read(key).to(ScalarType.Float64);
            for (var step = 1; step <= Steps; step++)
            {
                using var checkpoint = Weights(Checkpoint(step));
                var decay = Math.Min(0.9, (1.0 + step) / (10 + step)); // d = min(decay, (1 + t) / (10 + t))
                average = (average * decay) + (checkpoint.Read(key).to(ScalarType.Float64) * (1 - decay));
            }

            Assert.That((final.Read(key).to(ScalarType.Float64) - average).abs().max().item<double>(), Is.LessThan(1e-6), key);
        }
    }

    [TestCase(3)]
    [TestCase(4)]
    public void Train_InTwoParts_EqualsTheRunInOne(int cut)
    {
        string[] settings = ["--steps", "7", "--checkpoint-steps", "1"];
        Train(settings);
        var whole = Model(Files.Run);
        foreach (var step in Enumerable.Range(cut + 1, 7 - cut))
            Directory.Delete(Checkpoint(step), recursive: true);
        File.Delete(Path.Combine(Files.Run, CheckpointFiles.Single));
        var resumed = CommandRun.Of(["train", "--model", Files.Folder, "--data", _data, "--resume", Files.Run, .. Settings, .. settings, "--ema", "0.9"]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(Model(Files.Run), Is.EqualTo(whole));
        CommandRun.AssertRefused(CommandRun.Of(["train", "--model", Files.Folder, "--data", _data, "--resume", Files.Run, .. Settings, .. settings, "--ema", "0.5"]), "AverageDecay was 0.9, is 0.5");
    }

    [Test]
    public void Train_BestMetric_SavesTheAverageOfThatStep()
    {
        var run = Train("--steps", "6", "--eval-data", _data, "--evaluation-steps", "2", "--best-metric", "loss", "--greater-is-better");
        Assert.That(run, Does.Contain("the model is that of step 2, the best one"));
        using var scope = NewDisposeScope();
        AssertAverage(Checkpoint(2));
    }

    [Test]
    public void Train_Recipe_EvaluatesAndSavesTheAverage()
    {
        var run = CommandRun.Of(
            "train", "--out", Files.Run, "--device", "cpu", "--ema", "0.99", "--steps", "2", "--checkpoint-steps", "2", "--batch-size", "4",
            "--hidden-size", "16", "--heads", "2", "--layers", "1", "--intermediate-size", "16", "--evaluation-steps", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var scope = NewDisposeScope();
        AssertAverage(Checkpoint(2));
    }

    [TestCase("0")]
    [TestCase("1")]
    public void Train_ImpossibleDecay_IsRefused(string decay)
    {
        var run = CommandRun.Of("train", "--model", Files.Folder, "--data", _data, "--out", Files.Run, "--device", "cpu", "--ema", decay);
        CommandRun.AssertRefused(run, $"AverageDecay: expected above 0 and below 1, got {decay}");
    }

    /// <summary>Asserts that the run's model is a checkpoint's average, not its weights.</summary>
    private void AssertAverage(string checkpoint)
    {
        using var final = Weights(Files.Run);
        using var weights = Weights(checkpoint);
        using var state = SafetensorsFile.Open(Path.Combine(checkpoint, OptimizerFile.FileName));
        Assert.Multiple(() =>
        {
            foreach (var key in final.Keys)
                Assert.That(final.Read(key).flatten().Equals(state.Read($"ema.{key}")), Is.True, key);
            Assert.That(final.Keys.All(key => final.Read(key).Equals(weights.Read(key))), Is.False);
        });
    }

    private string Train(params string[] arguments)
    {
        var run = CommandRun.Of(["train", "--model", Files.Folder, "--data", _data, "--out", Files.Run, .. Settings, .. arguments, "--ema", "0.9"]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        return run.Output;
    }

    private string Checkpoint(int step) => new TrainingCheckpoints(Files.Run).FolderOf(step);

    private static CheckpointReader Weights(string folder) => CheckpointReader.Open(folder);

    private static byte[] Model(string folder) => File.ReadAllBytes(Path.Combine(folder, CheckpointFiles.Single));
}
