using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Adaptation;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Finetuning;

[NonParallelizable] // the verb prints to the console
public sealed class DistillationTrainingTests
{
    private TaughtModel _model = null!; // of the set-up: the training captures the console

    [OneTimeSetUp]
    public void TrainTeacher() => _model = new TaughtModel();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TearDown]
    public void Clear() => _model.Clear();

    [TestCase("c", false)]
    [TestCase("c", true)]
    [TestCase("a", false, "--distill-weight", "0.01")]
    public void Train_WithTeacher_LearnsWhatTheLossIsOf(string answer, bool isSegmented, params string[] options)
    {
        var before = File.ReadAllBytes(Path.Combine(_model.Teacher, "model.safetensors"));
        var run = Train(["--steps", "250", .. options, .. isSegmented ? ["--gradient-checkpointing"] : Array.Empty<string>()]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        var written = CommandRun.Of("generate", "--model", _model.Run, "--device", "cpu", "--max-new-tokens", "4", "a");
        Assert.Multiple(() =>
        {
            Assert.That(written.Output, Is.EqualTo(answer + "\n"), written.Errors);
            Assert.That(File.ReadAllBytes(Path.Combine(_model.Teacher, "model.safetensors")), Is.EqualTo(before));
        });
    }

    [Test]
    public void Train_ResumedWithAnotherWeight_IsRefused()
    {
        var begun = Train("--steps", "4", "--checkpoint-steps", "2");
        Assert.That(begun.Code, Is.Zero, begun.Errors);
        var resumed = CommandRun.Of(["train", "--model", _model.Folder, "--resume", _model.Run, "--data", _model.Data, "--teacher", _model.Teacher, "--distill-weight", "0.5", "--steps", "4", "--checkpoint-steps", "2", .. TaughtModel.Quick]);
        Assert.Multiple(() =>
        {
            Assert.That(resumed.Code, Is.EqualTo(2));
            Assert.That(resumed.Errors, Does.Contain("data was "));
        });
    }

    [Test]
    public void Train_TeacherOfAnotherTokenizer_IsRefused()
    {
        using var other = TinyTask.CreateModel();
        other.SavePretrained(_model["other"]);
        TinyTask.Recipe.Tokenizer.SavePretrained(_model["other"]);
        CommandRun.AssertRefused(CommandRun.Of("train", "--model", _model.Folder, "--out", _model.Run, "--data", _model.Data, "--teacher", _model["other"]), $"{_model["other"]}: expected a teacher with the model's ");
    }

    // A decoder-only one of random weights: what it says of the four letters can be learned, the letters themselves are not in the loss.
    [Test]
    public void Train_DecoderOnlyTeacher_LearnsWhatItSaysBesideItOrFromAFile()
    {
        var gemma = Gemma2Folder.Write(_model["gemma"], hidden: 20, layers: 2, seed: 1);
        var beside = Train(["--steps", "100", "--report-steps", "10"], gemma);
        Assert.That(beside.Code, Is.Zero, beside.Errors);
        var losses = Losses();
        Assert.That(losses[^1], Is.LessThan(losses[0] / 4), beside.Output);

        var stored = CommandRun.Of("distill-targets", "--model", gemma, "--data", _model.Data, "--out", _model["stored"], "--device", "cpu", "--top-k", $"{Gemma2Folder.VocabSize}", "--log-prob-dtype", "float32");
        Assert.That(stored.Code, Is.Zero, stored.Errors);
        _model.Clear();
        var fromFile = CommandRun.Of(["train", "--model", _model.Folder, "--out", _model.Run, "--data", _model.Data, "--teacher-topk", _model["stored"], "--steps", "100", "--report-steps", "10", .. TaughtModel.Quick]);
        Assert.That(fromFile.Code, Is.Zero, fromFile.Errors);
        Assert.That(Losses()[0], Is.EqualTo(losses[0]).Within(1e-3).Percent);
    }

    [TestCase("distillation weight: expected 0 to 1, got 2", "--distill-weight", "2")]
    [TestCase("distillation temperature: expected above 0, got 0", "--distill-temperature", "0")]
    [TestCase("--teacher: expected without --objective classify", "--objective", "classify")]
    public void Train_WrongSetting_IsRefusedByName(string message, params string[] options)
    {
        var run = Train(["--steps", "2", .. options]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(2));
            Assert.That(run.Errors, Does.Contain(message.Split(" --objective")[0]));
        });
    }

    [Test]
    public void Train_WeightWithoutTeacher_IsRefused()
    {
        CommandRun.AssertRefused(CommandRun.Of("train", "--model", _model.Folder, "--out", _model.Run, "--data", _model.Data, "--distill-weight", "1"), "--distill-weight: expected with --teacher");
    }

    private (int Code, string Output, string Errors) Train(params string[] options) => Train(options, _model.Teacher);

    private (int Code, string Output, string Errors) Train(string[] options, string teacher)
        => CommandRun.Of(["train", "--model", _model.Folder, "--out", _model.Run, "--data", _model.Data, "--teacher", teacher, .. options, .. TaughtModel.Quick]);

    private double[] Losses()
        => [.. File.ReadLines(Path.Combine(_model.Run, "log.jsonl")).Select(line => JsonNode.Parse(line)!["loss"]!.GetValue<double>())];
}
