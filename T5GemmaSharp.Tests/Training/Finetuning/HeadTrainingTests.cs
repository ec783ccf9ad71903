using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Training.Commands;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary><c>train</c> with labels of texts and words.</summary>
[NonParallelizable] // the verb prints to the console
public sealed class HeadTrainingTests : FinetuningFixture
{
    [Test]
    public void Train_Classes_LearnsThemAndNamesThemInTheConfiguration([Values] bool isEncoderDecoder)
    {
        string[] mode = isEncoderDecoder ? ["--encoder-decoder"] : [];
        var data = Files.Write("names.jsonl", HeadRows.Names);
        var run = Train(["classify", "--data", data, "--eval-data", data, .. mode]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        var config = JsonNode.Parse(File.ReadAllText(Path.Combine(Files.Run, "config.json")))!;
        using var model = T5GemmaForSequenceClassification.FromPretrained(Files.Run);
        var predictions = CommandRun.Of("classify", "--model", Files.Run, "--device", "cpu", "--input", data);
        Assert.Multiple(() =>
        {
            Assert.That(Labels(predictions), Is.EqualTo(Labels(HeadRows.Names)));
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
        var data = Files.Write("numbers.jsonl", HeadRows.Numbers);
        var run = Train("classify", "--data", data, "--eval-data", data, "--classifier-dropout", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var model = T5GemmaForSequenceClassification.FromPretrained(Files.Run);
        Assert.That((model.Config.NumLabels, model.Config.ProblemType), Is.EqualTo((1, (ProblemType?)ProblemType.Regression)));
        Assert.That(run.Output, Does.Contain("pearson 0.9").Or.Contain("pearson 1"));
    }

    [Test]
    public void Train_ListsOfClasses_LearnsThem()
    {
        var data = Files.Write("lists.jsonl", HeadRows.Lists);
        var run = Train("classify", "--data", data, "--eval-data", data, "--classifier-dropout", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        Assert.That(run.Output, Does.Contain("subset accuracy 1,").And.Contain("multi label f1 micro 1,"));
    }

    [Test]
    public void Train_Tags_LearnsEntities()
    {
        var data = Files.Write("tags.jsonl", HeadRows.Tags);
        var run = Train("token-classify", "--data", data, "--eval-data", data, "--encoder-decoder", "--classifier-dropout", "0", "--batch-size", "4");
        Assert.That(run.Code, Is.Zero, run.Errors);
        using var model = T5GemmaForTokenClassification.FromPretrained(Files.Run);
        Assert.That(model.Config.Id2Label, Is.EqualTo(new[] { "B-LOC", "B-PER", "I-PER", "O" }));
        Assert.That(run.Output, Does.Contain("entity f1 1,").And.Contain("accuracy 1,"));
    }

    [Test]
    public void Train_FolderWithAHead_GoesOnWithItsClasses()
    {
        var names = Files.Write("names.jsonl", HeadRows.Names);
        Assert.That(Train("classify", "--data", names, "--encoder-decoder").Code, Is.Zero);
        var two = Files.Write("two.jsonl", HeadRows.Names.Where(row => !row.Contains("bad", StringComparison.Ordinal)));
        var next = Files.Run + "-next";
        var run = CommandRun.Of("train", "--model", Files.Run, "--out", next, "--objective", "classify", "--data", two, "--eval-data", names, "--device", "cpu", "--steps", "1", "--batch-size", "2", "--lr", "1e-9", "--metrics", "accuracy");
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
        var data = objective == "classify" ? Files.Write("names.jsonl", HeadRows.Names) : Files.Write("tags.jsonl", HeadRows.Tags);
        string[] adapter = isAdapter ? ["--lora-r", "4"] : [];
        string[] settings = ["--data", data, "--steps", "12", "--batch-size", "2", "--micro-batch-size", "1", "--checkpoint-steps", "6", .. adapter];
        var file = Path.Combine(Files.Run, isAdapter ? "adapter_model.safetensors" : "model.safetensors");
        var begun = Train([objective, .. settings]);
        Assert.That(begun.Code, Is.Zero, begun.Errors);
        var whole = File.ReadAllBytes(file);
        Directory.Delete(Path.Combine(Files.Run, "checkpoint-12"), recursive: true);
        var resumed = CommandRun.Of(["train", "--model", Files.Folder, "--resume", Files.Run, "--objective", objective, .. settings, "--device", "cpu", "--lr", "0.01", "--weight-decay", "0"]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(File.ReadAllBytes(file), Is.EqualTo(whole));
    }

    [Test]
    public void Train_AdapterOfAHead_KeepsHeadAndNamesBesideIt()
    {
        var data = Files.Write("names.jsonl", HeadRows.Names);
        var run = Train("classify", "--data", data, "--eval-data", data, "--lora-r", "8", "--lora-dropout", "0", "--classifier-dropout", "0");
        Assert.That(run.Code, Is.Zero, run.Errors);
        var adapter = JsonNode.Parse(File.ReadAllText(Path.Combine(Files.Run, "adapter_config.json")))!;
        var predictions = CommandRun.Of("classify", "--model", Files.Folder, "--adapter", Files.Run, "--device", "cpu", "--input", data);
        var merged = Files.Run + "-merged";
        Assert.That(CommandRun.Of("merge-adapter", "--model", Files.Folder, "--adapter", Files.Run, "--out", merged).Code, Is.Zero);
        Assert.Multiple(() =>
        {
            Assert.That(Labels(predictions), Is.EqualTo(Labels(HeadRows.Names)));
            Assert.That(Labels(CommandRun.Of("classify", "--model", merged, "--device", "cpu", "--input", data)), Is.EqualTo(Labels(HeadRows.Names)));
            Assert.That(run.Output, Does.Contain("accuracy 1,"));
            Assert.That((string?)adapter["task_type"], Is.EqualTo("SEQ_CLS"));
            Assert.That(adapter["modules_to_save"]!.AsArray().Select(name => (string?)name), Does.Contain("score"));
            Assert.That(T5GemmaConfig.FromPretrained(Files.Run).Id2Label, Is.EqualTo(new[] { "bad", "good", "so so" }));
            Assert.That(File.Exists(Path.Combine(Files.Run, "model.safetensors")), Is.False);
        });
        Directory.Delete(merged, recursive: true);
    }

    [TestCase("""{"text": "a", "label": "fair"}""", "line 2: label: expected one of bad, good, so so, got fair")]
    [TestCase("""{"text": "a", "label": 3}""", "line 2: label: expected an id from 0 to 2, got 3")]
    [TestCase("""{"text": "a", "label": [0]}""", "line 2: label: expected a class, got a list of classes")]
    public void Train_UnknownLabelToMeasureOn_IsNamedByFileAndLine(string row, string fault)
    {
        var run = Train("classify", "--data", Files.Write("names.jsonl", HeadRows.Names), "--eval-data", Files.Write("other.jsonl", [HeadRows.Names[0], row]));
        CommandRun.AssertRefused(run, "other.jsonl: " + fault);
        Assert.That(Directory.Exists(Files.Run), Is.False);
    }

    [TestCase("classify", """{"text": "", "label": "bad"}""", "line 2: text: expected a text, got an empty one")]
    [TestCase("classify", """{"text": "a", "label": 1}""", "line 2: label: expected a name as in the rows before, got 1")]
    [TestCase("token-classify", """{"tokens": ["a", "b"], "ner_tags": [-100, -100]}""", "line 2: label: expected one word or more with a label, got none among 2 words")]
    [TestCase("token-classify", """{"tokens": ["a"], "ner_tags": ["O", "O"]}""", "line 2: ner_tags: expected a label for each of 1 words, got 2")]
    public void Train_BadRow_IsNamedByFileLineAndKey(string objective, string row, string fault)
        => CommandRun.AssertRefused(Train(objective, "--data", Files.Write("bad.jsonl", [objective == "classify" ? HeadRows.Names[0] : HeadRows.Tags[0], row])), "bad.jsonl: " + fault);

    [Test]
    public void Train_ForcedProblem_IsTaken()
    {
        var run = Train("classify", "--data", Files.Write("ids.jsonl", HeadRows.Of("0", "1", "2")), "--problem-type", "Regression", "--steps", "1");
        Assert.That(run.Code, Is.Zero, run.Errors);
        Assert.That(T5GemmaConfig.FromPretrained(Files.Run).ProblemType, Is.EqualTo(ProblemType.Regression));
    }

    [TestCase("0.5", "Regression")]
    [TestCase("[\"x\"]", "MultiLabelClassification")]
    public void Train_SmoothingWhereNoOneClassIsRight_IsRefused(string label, string problem)
    {
        var run = Train("classify", "--data", Files.Write("smooth.jsonl", HeadRows.Of(label, label, label)), "--label-smoothing", "0.1");
        CommandRun.AssertRefused(run, $"labelSmoothing: expected 0 for {problem}, where no one class is right, got 0.1");
    }

    [TestCase("classify")]
    [TestCase("token-classify")]
    public void Train_LayersComputedAgain_GiveTheWeightsOfThePlainRun(string objective)
    {
        var data = objective == "classify" ? Files.Write("names.jsonl", HeadRows.Names) : Files.Write("tags.jsonl", HeadRows.Tags);
        string[] settings = ["--data", data, "--label-smoothing", "0.1", "--classifier-dropout", "0", "--steps", "5", "--batch-size", "4", "--lr", "1e-3"];
        using var scope = NewDisposeScope();
        var plain = Weights();
        Directory.Delete(Files.Run, recursive: true);
        var again = Weights("--gradient-checkpointing");
        Assert.Multiple(() =>
        {
            foreach (var (name, weight) in plain)
                Assert.That((again[name] - weight).abs().max().item<float>(), Is.LessThan(1e-5), name); // steps are 1e-3; the encoder's gradient adds up in another order
        });

        Dictionary<string, Tensor> Weights(params string[] more)
        {
            var run = Train([objective, .. settings, .. more]);
            Assert.That(run.Code, Is.Zero, run.Errors);
            using var reader = CheckpointReader.Open(Files.Run);
            return reader.Keys.ToDictionary(name => name, name => reader.Read(name).clone());
        }
    }

    [TestCase("classify", "--metrics", "rouge", "expected some of accuracy, precision_recall_f1, matthews_correlation for the labels of the data, got rouge")]
    [TestCase("classify", "--problem-type", "Regression", "label: expected a number, got the name bad")]
    [TestCase("classify", "--classifier-dropout", "2", "classifier_dropout_rate")]
    [TestCase("classify", "--z-loss", "0.1", "--z-loss: expected without --objective classify or token-classify, got classify")]
    [TestCase("seq2seq", "--encoder-decoder", "true", "--encoder-decoder: expected with --objective classify or token-classify, got seq2seq")]
    public void Train_WrongOption_IsRefusedByName(string objective, string option, string value, string fault)
    {
        var run = Train(objective, "--data", Files.Write("names.jsonl", HeadRows.Names), option, value);
        Assert.That(run.Code, Is.EqualTo(2), run.Output);
        Assert.That(run.Errors, Does.StartWith("error: ").And.Contain(fault));
    }

    private static IEnumerable<string?> Labels((int Code, string Output, string Errors) run)
    {
        Assert.That(run.Code, Is.Zero, run.Errors);
        return Labels(run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries));
    }

    private static IEnumerable<string?> Labels(IEnumerable<string> rows) => rows.Select(row => (string?)JsonNode.Parse(row)!["label"]);

    private (int Code, string Output, string Errors) Train(params string[] command)
    {
        string[] quick = ["--device", "cpu", "--steps", "120", "--lr", "0.01", "--batch-size", "6", "--weight-decay", "0", "--report-steps", "40"];
        var defaults = quick.Chunk(2).Where(option => !command.Contains(option[0])).SelectMany(option => option);
        return CommandRun.Of(["train", "--model", Files.Folder, "--out", Files.Run, "--objective", .. command, .. defaults]);
    }
}
