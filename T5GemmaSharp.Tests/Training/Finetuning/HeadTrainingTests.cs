using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary><c>train</c> with labels of texts and words.</summary>
[NonParallelizable] // the verb prints to the console
public sealed class HeadTrainingTests
{
    private static readonly string[] Names = [.. Rows("\"bad\"", "\"good\"", "\"so so\"")];
    private static readonly string[] Numbers = [.. Rows("0.5", "-1", "2.25")];
    private static readonly string[] Lists = [.. Rows("[]", "[\"x\"]", "[\"x\",\"y\"]")];

    private static readonly string[] Tags =
    [
        """{"tokens": ["a", "b", "c"], "ner_tags": ["O", "B-PER", "I-PER"]}""", """{"tokens": ["c", "d"], "ner_tags": ["B-LOC", "O"]}""",
        """{"tokens": ["d", "d", "a", "b"], "ner_tags": ["O", "O", "O", "B-PER"]}""", """{"tokens": ["c"], "ner_tags": ["B-LOC"]}""",
    ];

    private readonly FinetuningModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TearDown]
    public void RemoveRun()
    {
        if (Directory.Exists(_model.Run))
            Directory.Delete(_model.Run, recursive: true);
    }

    [Test]
    public void Train_Classes_LearnsThemAndNamesThemInTheConfiguration([Values] bool isEncoderDecoder)
    {
        string[] mode = isEncoderDecoder ? ["--encoder-decoder"] : [];
        var data = _model.Write("names.jsonl", Names);
        var run = Train(["classify", "--data", data, "--eval-data", data, .. mode]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(_model.Run, "config.json")))!;
        using var model = T5GemmaForSequenceClassification.FromPretrained(_model.Run);
        var predictions = CommandRun.Of("classify", "--model", _model.Run, "--device", "cpu", "--input", data);
        Assert.Multiple(() =>
        {
            Assert.That(Labels(predictions), Is.EqualTo(Labels(Names)));
            Assert.That(run.Output, Does.Contain("accuracy 1,").And.Contain("f1 macro 1,").And.Contain("matthews correlation 1"));
            Assert.That(config["id2label"]!.ToJsonString(), Is.EqualTo("""{"0":"bad","1":"good","2":"so so"}"""));
            Assert.That(config["label2id"]!.ToJsonString(), Is.EqualTo("""{"bad":0,"good":1,"so so":2}"""));
            Assert.That((string?)config["problem_type"], Is.EqualTo("single_label_classification"));
            Assert.That(config["architectures"]!.ToJsonString(), Is.EqualTo("""["T5GemmaForSequenceClassification"]"""));
            Assert.That((bool?)config["is_encoder_decoder"], Is.EqualTo(isEncoderDecoder));
            Assert.That((double?)config["classifier_dropout_rate"], Is.EqualTo(0.1));
            Assert.That(model.LoadReport!.InitializedKeys, Is.Empty); // the model was loaded
        });
    }

    [Test]
    public void Train_Numbers_LearnsTheirOrder()
    {
        var data = _model.Write("numbers.jsonl", Numbers);
        var run = Train("classify", "--data", data, "--eval-data", data, "--classifier-dropout", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var model = T5GemmaForSequenceClassification.FromPretrained(_model.Run);
        Assert.That((model.Config.NumLabels, model.Config.ProblemType), Is.EqualTo((1, (ProblemType?)ProblemType.Regression)));
        Assert.That(run.Output, Does.Contain("pearson 0.9").Or.Contain("pearson 1"));
    }

    [Test]
    public void Train_ListsOfClasses_LearnsThem()
    {
        var data = _model.Write("lists.jsonl", Lists);
        var run = Train("classify", "--data", data, "--eval-data", data, "--classifier-dropout", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.Contain("subset accuracy 1,").And.Contain("multi label f1 micro 1,"));
    }

    [Test]
    public void Train_Tags_LearnsEntities()
    {
        var data = _model.Write("tags.jsonl", Tags);
        var run = Train("token-classify", "--data", data, "--eval-data", data, "--encoder-decoder", "--classifier-dropout", "0", "--batch-size", "4");
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var model = T5GemmaForTokenClassification.FromPretrained(_model.Run);
        Assert.That(model.Config.Id2Label, Is.EqualTo(new[] { "B-LOC", "B-PER", "I-PER", "O" }));
        Assert.That(run.Output, Does.Contain("entity f1 1,").And.Contain("accuracy 1,"));
    }

    [Test]
    public void Train_FolderWithAHead_GoesOnWithItsClasses()
    {
        var names = _model.Write("names.jsonl", Names);
        Assert.That(Train("classify", "--data", names, "--encoder-decoder").Code, Is.Zero);
        var two = _model.Write("two.jsonl", Names.Where(row => !row.Contains("bad", StringComparison.Ordinal)));
        var next = _model.Run + "-next";
        var run = CommandRun.Of("train", "--model", _model.Run, "--out", next, "--objective", "classify", "--data", two, "--eval-data", names, "--device", "cpu", "--steps", "1", "--batch-size", "2", "--lr", "1e-9", "--metrics", "accuracy");
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var model = T5GemmaForSequenceClassification.FromPretrained(next);
        Assert.Multiple(() =>
        {
            Assert.That(model.Config.Id2Label, Is.EqualTo(new[] { "bad", "good", "so so" }));
            Assert.That(model.Config.IsEncoderDecoder, Is.True);
            Assert.That(run.Output, Does.Contain("accuracy 1\n")); // what the first run has learned
        });
        Directory.Delete(next, recursive: true);
    }

    [TestCase("classify", false)]
    [TestCase("classify", true)]
    [TestCase("token-classify", false)]
    public void Train_InTwoParts_EqualsTheRunInOne(string objective, bool isAdapter)
    {
        var data = objective == "classify" ? _model.Write("names.jsonl", Names) : _model.Write("tags.jsonl", Tags);
        string[] adapter = isAdapter ? ["--lora-r", "4"] : [];
        string[] settings = ["--data", data, "--steps", "12", "--batch-size", "2", "--micro-batch-size", "1", "--checkpoint-steps", "6", .. adapter];
        var file = Path.Combine(_model.Run, isAdapter ? "adapter_model.safetensors" : "model.safetensors");
        var begun = Train([objective, .. settings]);
        Assert.That(begun.Code, Is.Zero, begun.Errors);
        var whole = File.ReadAllBytes(file);
        Directory.Delete(Path.Combine(_model.Run, "checkpoint-12"), recursive: true);
        var resumed = CommandRun.Of(["train", "--model", _model.Folder, "--resume", _model.Run, "--objective", objective, .. settings, "--device", "cpu", "--lr", "0.01", "--weight-decay", "0"]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(File.ReadAllBytes(file), Is.EqualTo(whole));
    }

    [Test]
    public void Train_AdapterOfAHead_KeepsHeadAndNamesBesideIt()
    {
        var data = _model.Write("names.jsonl", Names);
        var run = Train("classify", "--data", data, "--eval-data", data, "--lora-r", "8", "--lora-dropout", "0", "--classifier-dropout", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        var adapter = JsonNode.Parse(File.ReadAllText(Path.Combine(_model.Run, "adapter_config.json")))!;
        var predictions = CommandRun.Of("classify", "--model", _model.Folder, "--adapter", _model.Run, "--device", "cpu", "--input", data);
        var merged = _model.Run + "-merged";
        Assert.That(CommandRun.Of("merge-adapter", "--model", _model.Folder, "--adapter", _model.Run, "--out", merged).Code, Is.Zero);
        Assert.Multiple(() =>
        {
            Assert.That(Labels(predictions), Is.EqualTo(Labels(Names)));
            Assert.That(Labels(CommandRun.Of("classify", "--model", merged, "--device", "cpu", "--input", data)), Is.EqualTo(Labels(Names)));
            Assert.That(run.Output, Does.Contain("accuracy 1,"));
            Assert.That((string?)adapter["task_type"], Is.EqualTo("SEQ_CLS"));
            Assert.That(adapter["modules_to_save"]!.AsArray().Select(name => (string?)name), Does.Contain("score"));
            Assert.That(T5GemmaConfig.FromPretrained(_model.Run).Id2Label, Is.EqualTo(new[] { "bad", "good", "so so" }));
            Assert.That(File.Exists(Path.Combine(_model.Run, "model.safetensors")), Is.False);
        });
        Directory.Delete(merged, recursive: true);
    }

    [TestCase("""{"text": "a", "label": "fair"}""", "line 2: label: expected one of bad, good, so so, got fair")]
    [TestCase("""{"text": "a", "label": 3}""", "line 2: label: expected an id from 0 to 2, got 3")]
    [TestCase("""{"text": "a", "label": [0]}""", "line 2: label: expected a class, got a list of classes")]
    public void Train_UnknownLabelToMeasureOn_IsNamedByFileAndLine(string row, string fault)
    {
        var run = Train("classify", "--data", _model.Write("names.jsonl", Names), "--eval-data", _model.Write("other.jsonl", [Names[0], row]));
        CommandRun.AssertRefused(run, "other.jsonl: " + fault);
        Assert.That(Directory.Exists(_model.Run), Is.False);
    }

    [TestCase("classify", """{"text": "", "label": "bad"}""", "line 2: text: expected a text, got an empty one")]
    [TestCase("classify", """{"text": "a", "label": 1}""", "line 2: label: expected a name as in the rows before, got 1")]
    [TestCase("token-classify", """{"tokens": ["a", "b"], "ner_tags": [-100, -100]}""", "line 2: label: expected one word or more with a label, got none among 2 words")]
    [TestCase("token-classify", """{"tokens": ["a"], "ner_tags": ["O", "O"]}""", "line 2: ner_tags: expected a label for each of 1 words, got 2")]
    public void Train_BadRow_IsNamedByFileLineAndKey(string objective, string row, string fault)
        => CommandRun.AssertRefused(Train(objective, "--data", _model.Write("bad.jsonl", [objective == "classify" ? Names[0] : Tags[0], row])), "bad.jsonl: " + fault);

    [Test]
    public void Train_ForcedProblem_IsTaken()
    {
        var run = Train("classify", "--data", _model.Write("ids.jsonl", Rows("0", "1", "2")), "--problem-type", "Regression", "--steps", "1");
        Assert.That(run.Code, Is.Zero, run.Errors);
        Assert.That(T5GemmaConfig.FromPretrained(_model.Run).ProblemType, Is.EqualTo(ProblemType.Regression));
    }

    [TestCase("classify", "--metrics", "rouge", "expected some of accuracy, precision_recall_f1, matthews_correlation for the labels of the data, got rouge")]
    [TestCase("classify", "--problem-type", "Regression", "label: expected a number, got the name bad")]
    [TestCase("classify", "--classifier-dropout", "2", "classifier_dropout_rate")]
    [TestCase("classify", "--label-smoothing", "0.1", "--label-smoothing: expected without --objective classify or token-classify, got classify")]
    [TestCase("classify", "--gradient-checkpointing", "true", "--gradient-checkpointing: expected without --objective classify or token-classify, got classify")]
    [TestCase("seq2seq", "--encoder-decoder", "true", "--encoder-decoder: expected with --objective classify or token-classify, got seq2seq")]
    public void Train_WrongOption_IsRefusedByName(string objective, string option, string value, string fault)
    {
        var run = Train(objective, "--data", _model.Write("names.jsonl", Names), option, value);
        Assert.That(run.Code, Is.EqualTo(2), run.Output);
        Assert.That(run.Errors, Does.StartWith("error: ").And.Contain(fault));
    }

    private static IEnumerable<string?> Labels((int Code, string Output, string Errors) run)
    {
        Assert.That(run.Code, Is.Zero, run.Errors);
        return Labels(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static IEnumerable<string?> Labels(IEnumerable<string> rows) => rows.Select(row => (string?)JsonNode.Parse(row)!["label"]);

    private static IEnumerable<string> Rows(params string[] labels) => Enumerable.Range(0, 6).Select(row => $$"""{"text": "{{new string((char)('a' + (row % 3)), 1 + row)}}", "label": {{labels[row % 3]}}}""");

    private (int Code, string Output, string Errors) Train(params string[] command)
    {
        string[] quick = ["--device", "cpu", "--steps", "120", "--lr", "0.01", "--batch-size", "6", "--weight-decay", "0", "--report-steps", "40"];
        var defaults = quick.Chunk(2).Where(option => !command.Contains(option[0])).SelectMany(option => option);
        return CommandRun.Of(["train", "--model", _model.Folder, "--out", _model.Run, "--objective", .. command, .. defaults]);
    }
}
