using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Finetuning;

/// <summary><c>evaluate --data</c> with labels of texts and words.</summary>
[NonParallelizable] // the verb prints to the console
public sealed class HeadEvaluationTests : FinetuningFixture
{
    // What is learned, and what is measured: other labels, so that no number is perfect.
    private static readonly TestCaseData[] Kinds =
    [
        new TestCaseData("classify", HeadRows.Names, (string[])[.. HeadRows.Of("\"bad\"", "\"so so\"", "\"so so\"")], new[] { "accuracy", "f1_macro", "matthews_correlation" }).SetArgDisplayNames("classes"),
        new TestCaseData("classify", HeadRows.Numbers, (string[])[.. HeadRows.Of("-1", "3.5", "0.25")], new[] { "pearson", "spearman" }).SetArgDisplayNames("numbers"),
        new TestCaseData("classify", HeadRows.Lists, (string[])[.. HeadRows.Of("[\"x\"]", "[\"y\"]", "[\"y\",\"x\"]")], new[] { "subset_accuracy", "multi_label_f1_micro" }).SetArgDisplayNames("lists"),
        new TestCaseData("token-classify", HeadRows.Tags, (string[])[.. HeadRows.Tags, """{"tokens": ["a", "b"], "ner_tags": ["B-LOC", "B-PER"]}"""], new[] { "entity_f1", "accuracy" }).SetArgDisplayNames("words"),
    ];

    [TestCaseSource(nameof(Kinds))]
    public void Evaluate_HeadOnTheEncoder_EqualsTheEvaluationOfTraining(string objective, string[] rows, string[] heldOut, string[] metrics)
        => AssertTrainingsNumbers(objective, rows, heldOut, metrics, options: [], tolerance: 1e-6);

    [TestCaseSource(nameof(Kinds))]
    public void Evaluate_HeadOnTheDecoder_EqualsTheEvaluationOfTraining(string objective, string[] rows, string[] heldOut, string[] metrics)
        => AssertTrainingsNumbers(objective, rows, heldOut, metrics, options: ["--encoder-decoder"], tolerance: 1e-6);

    // A merge rounds otherwise than a product beside the layer.
    [TestCaseSource(nameof(Kinds))]
    public void Evaluate_AdapterWithAHead_EqualsTheEvaluationOfTraining(string objective, string[] rows, string[] heldOut, string[] metrics)
        => AssertTrainingsNumbers(objective, rows, heldOut, metrics, options: ["--lora-r", "2"], tolerance: 1e-4);

    [Test]
    public void Evaluate_OneMetric_PrintsALineForEachNumber()
    {
        var data = Train("classify", HeadRows.Names);
        var run = CommandRun.Of("evaluate", "--model", Files.Run, "--objective", "classify", "--data", data, "--metrics", "accuracy", "--device", "cpu");
        Assert.That(run.Output.TrimEnd().Split('\n').Select(line => line[..line.LastIndexOf(' ')]), Is.EqualTo(new[] { "loss", "accuracy", "examples" }), run.Errors);
    }

    [Test]
    public void Evaluate_BatchSize_DoesNotMatterToAHeadOnTheEncoder()
    {
        var data = Train("classify", HeadRows.Names);
        var (one, six) = (Evaluate("classify", data, "--batch-size", "1"), Evaluate("classify", data, "--batch-size", "6"));
        Assert.That(one.Keys.Select(name => one[name].GetDouble()), Is.EqualTo(six.Keys.Select(name => six[name].GetDouble())).Within(1e-4).Percent);
    }

    [TestCase("--predictions: expected without --objective classify or token-classify, got classify", "--predictions", "out.jsonl")]
    [TestCase("--num-beams: expected without --objective classify or token-classify, got classify", "--num-beams", "2")]
    [TestCase("--max-target-length: expected without --objective classify or token-classify, got classify", "--max-target-length", "2")]
    [TestCase("metrics: expected some of accuracy, precision_recall_f1, matthews_correlation for the labels of the data, got rouge", "--metrics", "rouge")]
    public void Evaluate_WrongOption_IsRefusedByName(string message, params string[] options)
    {
        var data = Train("classify", HeadRows.Names);
        CommandRun.AssertRefused(CommandRun.Of(["evaluate", "--model", Files.Run, "--objective", "classify", "--data", data, .. options]), message);
    }

    [Test]
    public void Evaluate_AnotherHead_IsRefused()
    {
        var data = Train("classify", HeadRows.Names);
        var tags = Files.Write("tags.jsonl", HeadRows.Tags);
        Assert.Multiple(() =>
        {
            CommandRun.AssertRefused(
                CommandRun.Of("evaluate", "--model", Files.Run, "--objective", "token-classify", "--data", tags),
                $"{Files.Run}: expected the head of a T5GemmaForTokenClassification for this objective, got T5GemmaForSequenceClassification");
            CommandRun.AssertRefused(
                CommandRun.Of("evaluate", "--model", Files.Folder, "--objective", "classify", "--data", data),
                $"{Files.Folder}: expected the head of a T5GemmaForSequenceClassification for this objective, got T5GemmaForConditionalGeneration");
        });
    }

    [Test]
    public void Evaluate_UnknownLabel_IsNamedByFileAndLine()
    {
        Train("classify", HeadRows.Names);
        var other = Files.Write("other.jsonl", ["""{"text": "a", "label": "fair"}"""]);
        CommandRun.AssertRefused(CommandRun.Of("evaluate", "--model", Files.Run, "--objective", "classify", "--data", other), "other.jsonl: line 1: label: expected one of bad, good, so so, got fair");
    }

    private void AssertTrainingsNumbers(string objective, string[] rows, string[] heldOut, string[] metrics, string[] options, double tolerance)
    {
        var measured = Files.Write("held-out.jsonl", heldOut);
        Train(objective, rows, ["--eval-data", measured, .. options]);
        var expected = File.ReadLines(Path.Combine(Files.Run, "log.jsonl")).Select(Parse).Last(line => line.ContainsKey("eval_loss"));
        expected.Remove("step");
        string[] folder = options.Contains("--lora-r") ? ["--model", Files.Folder, "--adapter", Files.Run] : [];
        var actual = Evaluate(objective, measured, [.. folder, "--batch-size", "4"]);
        Assert.Multiple(() =>
        {
            Assert.That(actual.Keys.Select(name => $"eval_{name}"), Is.EqualTo(expected.Keys.Append("eval_examples")));
            Assert.That(metrics, Is.SubsetOf(actual.Keys));
            Assert.That(actual["examples"].GetInt32(), Is.EqualTo(heldOut.Length));
            foreach (var (name, value) in expected)
                Assert.That(actual[name["eval_".Length..]].GetDouble(), Is.EqualTo(value.GetDouble()).Within(tolerance), name);
        });
    }

    private string Train(string objective, string[] rows, params string[] options)
    {
        var data = Files.Write("rows.jsonl", rows);
        var run = CommandRun.Of(["train", "--model", Files.Folder, "--out", Files.Run, "--objective", objective, "--data", data, "--steps", "12", "--lr", "0.01", "--batch-size", "4", "--device", "cpu", .. options]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        return data;
    }

    private Dictionary<string, JsonElement> Evaluate(string objective, string data, params string[] options)
    {
        string[] model = options.Contains("--model") ? [] : ["--model", Files.Run];
        var run = CommandRun.Of(["evaluate", "--objective", objective, "--data", data, "--device", "cpu", "--json", .. model, .. options]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        return Parse(run.Output);
    }

    private static Dictionary<string, JsonElement> Parse(string json) => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(json)!; // an object
}
