using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Training.Checkpointing;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Finetuning;

[NonParallelizable] // the verb prints to the console
public sealed class PartialTrainingTests : FinetuningFixture
{
    private static readonly string[] Settings = ["--device", "cpu", "--lr", "0.01", "--batch-size", "2", "--micro-batch-size", "1", "--steps", "6", "--checkpoint-steps", "1"];

    private string _data = "";

    [OneTimeSetUp]
    public void WriteData() => _data = Files.Write("pairs.jsonl", ["""{"input": "a", "target": "b"}""", """{"input": "b", "target": "c"}""", """{"input": "c d", "target": "d"}"""]);

    [TestCase("cross_attn|norm", "--train-only", "cross_attn", "norm")]
    [TestCase("model.decoder.layers|model.decoder.norm", "--freeze", "encoder", "embed_tokens")]
    [TestCase("model.encoder.layers.1", "--train-only", "layers.1", "--freeze", "decoder")]
    [TestCase("model.encoder.embed_tokens", "--train-only", "encoder.embed_tokens", "--gradient-checkpointing")]
    public void Train_Parts_ChangesThemAndKeepsStateForThemOnly(string trained, params string[] options)
    {
        var run = CommandRun.Of([.. Arguments("--out"), .. options]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var scope = NewDisposeScope();
        using var state = SafetensorsFile.Open(Path.Combine(Checkpoint(6), OptimizerFile.FileName));
        var parts = trained.Split('|');
        Assert.Multiple(() =>
        {
            foreach (var (name, isChanged) in Changes(Files.Folder, Files.Run))
            {
                var isTrained = parts.Any(part => $".{name}.".Contains($".{part}.", StringComparison.Ordinal));
                Assert.That(isChanged, Is.EqualTo(isTrained), name);
                Assert.That(state.TryGetEntry($"exp_avg.{name}", out _), Is.EqualTo(isTrained), name);
            }
        });
    }

    [Test]
    public void Train_CrossWarmup_TrainsCrossAttentionFirstAndTheRestWithAFreshState()
    {
        var run = CommandRun.Of([.. Arguments("--out"), "--cross-warmup", "4"]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var scope = NewDisposeScope();
        using var state = SafetensorsFile.Open(Path.Combine(Checkpoint(6), OptimizerFile.FileName));
        var names = Changes(Files.Folder, Checkpoint(4)).Keys.ToList();
        var updates = state.Read("updates").data<long>().ToArray();
        Assert.Multiple(() =>
        {
            foreach (var (name, isChanged) in Changes(Files.Folder, Checkpoint(4)))
                Assert.That(isChanged, Is.EqualTo(name.Contains("cross_attn", StringComparison.Ordinal)), name); // the names of its norms have it too
            Assert.That(Changes(Checkpoint(4), Checkpoint(5)).Values, Has.All.True);
            Assert.That(updates.Count(count => count == 6), Is.EqualTo(names.Count(name => name.Contains("cross_attn", StringComparison.Ordinal))));
            Assert.That(updates.Count(count => count == 2), Is.EqualTo(names.Count(name => !name.Contains("cross_attn", StringComparison.Ordinal))));
        });
    }

    [TestCase(2, "--cross-warmup", "3")]
    [TestCase(3, "--cross-warmup", "3")]
    [TestCase(4, "--cross-warmup", "3")]
    [TestCase(3, "--cross-warmup", "3", "--gradient-checkpointing", "--optimizer", "Adafactor")]
    [TestCase(3, "--freeze", "encoder")]
    public void Train_InTwoParts_EqualsTheRunInOne(int cut, params string[] options)
    {
        Assert.That(CommandRun.Of([.. Arguments("--out"), .. options]).Code, Is.Zero);
        var whole = File.ReadAllBytes(Path.Combine(Files.Run, CheckpointFiles.Single));
        foreach (var step in Enumerable.Range(cut + 1, 6 - cut))
            Directory.Delete(Checkpoint(step), recursive: true);
        File.Delete(Path.Combine(Files.Run, CheckpointFiles.Single));
        var resumed = CommandRun.Of([.. Arguments("--resume"), .. options]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(File.ReadAllBytes(Path.Combine(Files.Run, CheckpointFiles.Single)), Is.EqualTo(whole));
        CommandRun.AssertRefused(CommandRun.Of([.. Arguments("--resume"), "--freeze", "decoder"]), "Parts.Frozen was ");
    }

    [TestCase("these are in none: nothing, cross", "--freeze", "nothing", "encoder", "--train-only", "cross")]
    [TestCase("none is left by encoder, encoder", "--freeze", "encoder", "--train-only", "encoder")]
    [TestCase("expected some that are trained in the warm-up", "--freeze", "decoder", "--cross-warmup", "2")]
    [TestCase("CrossWarmupSteps: expected 0 to Steps (6), got 7", "--cross-warmup", "7")]
    [TestCase("--freeze: expected without --lora-r", "--freeze", "encoder", "--lora-r", "2")]
    [TestCase("--freeze: expected with --data", "--freeze", "encoder", "RECIPE")]
    public void Train_WrongParts_AreRefusedByName(string expected, params string[] options)
    {
        string[] arguments = options[^1] == "RECIPE" ? ["train", "--out", Files.Run, .. options[..^1]] : [.. Arguments("--out"), .. options];
        CommandRun.AssertRefused(CommandRun.Of(arguments), expected);
        Assert.That(Directory.Exists(Files.Run), Is.False);
    }

    private string[] Arguments(string folderOption) => ["train", "--model", Files.Folder, "--data", _data, folderOption, Files.Run, .. Settings];

    private string Checkpoint(int step) => new TrainingCheckpoints(Files.Run).FolderOf(step);

    /// <summary>Whether each tensor differs between two folders.</summary>
    private static Dictionary<string, bool> Changes(string before, string after)
    {
        using var scope = NewDisposeScope();
        using var first = CheckpointReader.Open(before);
        using var second = CheckpointReader.Open(after);
        return first.Keys.ToDictionary(key => key, key => !first.Read(key).Equals(second.Read(key)));
    }
}
