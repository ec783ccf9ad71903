using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Finetuning;

[NonParallelizable] // the verbs print to the console
public sealed class StoredTeacherTrainingTests
{
    private static readonly string[] Texts = [.. Enumerable.Range(0, 12).Select(row => string.Concat(Enumerable.Range(0, 40).Select(place => "abcd "[((row * place) + place) % 5])))];

    private TaughtModel _model = null!; // of the set-up: the training captures the console

    private string Stored => _model["stored"];

    [OneTimeSetUp]
    public void TrainTeacher() => _model = new TaughtModel();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TearDown]
    public void Clear() => _model.Clear("stored");

    [Test]
    public void Train_WithWhatTheTeacherSaid_LearnsItsAnswer()
    {
        var written = Store(_model.Data, "--top-k", "3", "--temperature", "2");
        Assert.That(written.Code, Is.Zero, written.Errors);
        Assert.That(written.Output, Does.StartWith("4 examples, 8 targets; the 3 likeliest tokens have ").And.EndWith($"{Stored}\n"));
        var run = Train("--data", _model.Data, "--steps", "250");
        Assert.That(run.Code, Is.Zero, run.Errors);
        Assert.That(CommandRun.Of("generate", "--model", _model.Run, "--device", "cpu", "--max-new-tokens", "4", "a").Output, Is.EqualTo("c\n"));
    }

    // Two stored epochs, of which the run takes more than three; with the losses of each denoiser.
    [Test]
    public void Train_RawTextResumed_EndsWithTheSameWeightsBitForBit()
    {
        var data = _model.Write("texts.txt", Texts.SelectMany(text => new[] { text, "" }));
        string[] text = ["--objective", "ul2", "--max-source-length", "24", "--max-target-length", "24", "--seed", "5"];
        var written = Store(data, ["--epochs", "2", "--top-k", "4", .. text]);
        Assert.That(written.Code, Is.Zero, written.Errors);
        string[] settings = ["--data", data, .. text, "--steps", "30", "--checkpoint-steps", "15", "--report-steps", "10", "--distill-weight", "0.5"];
        var run = Train(settings);
        Assert.That(run.Code, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.Match(@"tokens/s .*r:\S+ \d")); // and those of each denoiser
        var whole = File.ReadAllBytes(Path.Combine(_model.Run, "model.safetensors"));
        Directory.Delete(Path.Combine(_model.Run, "checkpoint-30"), recursive: true);
        var resumed = CommandRun.Of(["train", "--model", _model.Folder, "--resume", _model.Run, "--teacher-topk", Stored, .. settings, .. TaughtModel.Quick]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(File.ReadAllBytes(Path.Combine(_model.Run, "model.safetensors")), Is.EqualTo(whole));
        Directory.Delete(_model.Run, recursive: true);
        CommandRun.AssertRefused(Train([.. settings.Select(setting => setting == "5" ? "6" : setting)]), "expected a teacher of these data"); // other draws
    }

    [Test]
    public void Train_ResumedWithAnotherFile_IsRefused()
    {
        Assert.That(Store(_model.Data, "--top-k", "3").Code, Is.Zero);
        Assert.That(Train("--data", _model.Data, "--steps", "4", "--checkpoint-steps", "2").Code, Is.Zero);
        Assert.That(Store(_model.Data, "--top-k", "4").Code, Is.Zero);
        var resumed = CommandRun.Of(["train", "--model", _model.Folder, "--resume", _model.Run, "--teacher-topk", Stored, "--data", _model.Data, "--steps", "4", "--checkpoint-steps", "2", .. TaughtModel.Quick]);
        CommandRun.AssertRefused(resumed, "data was ");
    }

    [Test]
    public void Train_OfOtherData_IsRefused()
    {
        Assert.That(Store(_model.Data).Code, Is.Zero);
        var other = _model.Write("other.jsonl", [.. File.ReadLines(_model.Data).Take(3), """{"input": "d", "target": "a"}"""]);
        CommandRun.AssertRefused(Train("--data", other, "--steps", "2"), $"{Stored}: expected a teacher of these data (4 examples, 8 targets");
    }

    [Test]
    public void Train_OfAnotherTokenizer_IsRefused()
    {
        using var tiny = TinyTask.CreateModel();
        tiny.SavePretrained(_model["tiny"]);
        TinyTask.Recipe.Tokenizer.SavePretrained(_model["tiny"]);
        Assert.That(Store(_model.Data).Code, Is.Zero);
        CommandRun.AssertRefused(CommandRun.Of("train", "--model", _model["tiny"], "--out", _model.Run, "--data", _model.Data, "--teacher-topk", Stored), $"{Stored}: tokenizer: expected a teacher with the model's tokens");
    }

    [Test]
    public void Train_DamagedFile_IsRefused()
    {
        Assert.That(Store(_model.Data).Code, Is.Zero);
        File.WriteAllBytes(Stored, File.ReadAllBytes(Stored)[..^1]);
        CommandRun.AssertRefused(Train("--data", _model.Data, "--steps", "2"), $"{Stored}: tensor 'digest': breaks the safetensors rule FileTruncated");
        CommandRun.AssertRefused(CommandRun.Of("train", "--model", _model.Folder, "--data", _model.Data, "--teacher-topk", _model["nowhere"]), "nowhere");
    }

    [TestCase("--teacher-topk: expected without --teacher", "--teacher", "TEACHER")]
    [TestCase("--distill-temperature: expected without --teacher-topk", "--distill-temperature", "1")]
    [TestCase("distillation weight: expected 0 to 1, got 2", "--distill-weight", "2")]
    public void Train_WrongSetting_IsRefusedByName(string message, params string[] options)
    {
        Assert.That(Store(_model.Data).Code, Is.Zero);
        CommandRun.AssertRefused(Train(["--data", _model.Data, "--steps", "2", .. options.Select(option => option == "TEACHER" ? _model.Teacher : option)]), message);
    }

    [TestCase("--epochs: expected with --objective prefixlm or ul2", "--epochs", "2")]
    [TestCase("--objective: expected seq2seq, chat, prefixlm or ul2, got classify", "--objective", "classify")]
    [TestCase("--top-k: expected at least 1, got 0", "--top-k", "0")]
    [TestCase("top-k: expected 1 to the teacher's ", "--top-k", "100000")]
    [TestCase("distillation temperature: expected above 0, got 0", "--temperature", "0")]
    public void Store_WrongSetting_IsRefusedByNameAndLeavesNothing(string message, params string[] options)
    {
        CommandRun.AssertRefused(Store(_model.Data, options), message);
        Assert.That(Directory.EnumerateFiles(Path.GetDirectoryName(Stored)!), Is.Empty);
    }

    [Test]
    public void Store_IntoAFolder_IsRefused()
        => CommandRun.AssertRefused(CommandRun.Of("distill-targets", "--model", _model.Teacher, "--data", _model.Data, "--device", "cpu", "--out", _model.Teacher), $"{_model.Teacher}: expected a file, it is a folder");

    private (int Code, string Output, string Errors) Store(string data, params string[] options)
        => CommandRun.Of(["distill-targets", "--model", _model.Teacher, "--data", data, "--out", Stored, "--device", "cpu", .. options]);

    private (int Code, string Output, string Errors) Train(params string[] options)
        => CommandRun.Of(["train", "--model", _model.Folder, "--out", _model.Run, "--teacher-topk", Stored, .. options, .. TaughtModel.Quick]);
}
