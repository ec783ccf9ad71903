using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Finetuning;

[NonParallelizable] // the verb prints to the console
public sealed class FileEvaluationTests : FinetuningFixture
{
    private static readonly (string Input, string Target)[] Pairs = [("a", "b"), ("b c d", "c"), ("c a", "d b a"), ("d d d d", "a a"), ("a b", "d")];

    private string _data = "";

    [OneTimeSetUp]
    public void WriteData() => _data = Files.Write("pairs.jsonl", Pairs.Select(pair => JsonSerializer.Serialize(new { input = pair.Input, target = pair.Target })));

    [TestCase("1")]
    [TestCase("2")]
    [TestCase("100")]
    public void Evaluate_Pairs_WeighsEveryTargetTheSame(string batchSize)
    {
        var (loss, accuracy) = MeasureOneByOne();
        var values = Evaluate("--batch-size", batchSize);
        Assert.Multiple(() =>
        {
            Assert.That(values["loss"].GetDouble(), Is.EqualTo(loss).Within(1e-3).Percent);
            Assert.That(values["perplexity"].GetDouble(), Is.EqualTo(Math.Exp(values["loss"].GetDouble())).Within(1e-9).Percent);
            Assert.That(values["token_accuracy"].GetDouble(), Is.EqualTo(accuracy).Within(1e-9));
            Assert.That(values["examples"].GetInt32(), Is.EqualTo(Pairs.Length));
            Assert.That(values.Keys, Is.EquivalentTo(new[] { "loss", "perplexity", "token_accuracy", "examples" }));
        });
    }

    [Test]
    public void Evaluate_Predictions_AreInTheOrderOfTheFileAndGiveTheMetric()
    {
        var path = Path.Combine(Path.GetDirectoryName(_data)!, "predictions.jsonl"); // the file has a folder
        var trained = CommandRun.Of("train", "--model", Files.Folder, "--out", Files.Run, "--data", _data, "--steps", "40", "--lr", "0.02", "--batch-size", "5", "--device", "cpu");
        Assert.That(trained.Code, Is.Zero, trained.Errors);
        var values = Evaluate(Files.Run, "--metrics", "exact_match", "--predictions", path, "--batch-size", "2", "--num-beams", "2", "--max-new-tokens", "6");
        var lines = File.ReadLines(path).Select(line => JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(line)!).ToList(); // no line holds null
        var right = lines.Count(line => line["prediction"].GetString() == line["reference"].GetString());
        Assert.Multiple(() =>
        {
            Assert.That(lines.Select(line => line["index"].GetInt32()), Is.EqualTo(Enumerable.Range(0, Pairs.Length)));
            Assert.That(lines.Select(line => line["reference"].GetString()), Is.EqualTo(Pairs.Select(pair => pair.Target)));
            Assert.That(right, Is.GreaterThan(0)); // training has made some right
            Assert.That(values["exact_match"].GetDouble(), Is.EqualTo(100.0 * right / Pairs.Length).Within(1e-9));
        });
    }

    [Test]
    public void Evaluate_Adapter_EqualsTheMergedModel()
    {
        var trained = CommandRun.Of("train", "--model", Files.Folder, "--out", Files.Run, "--data", _data, "--lora-r", "2", "--steps", "5", "--lr", "0.02", "--batch-size", "5", "--device", "cpu");
        Assert.That(trained.Code, Is.Zero, trained.Errors);
        var merged = Path.Combine(Path.GetDirectoryName(_data)!, "merged"); // the file has a folder
        Assert.That(CommandRun.Of("merge-adapter", "--model", Files.Folder, "--adapter", Files.Run, "--out", merged).Code, Is.Zero);
        var loss = Evaluate("--adapter", Files.Run)["loss"].GetDouble();
        Assert.Multiple(() =>
        {
            Assert.That(loss, Is.EqualTo(Evaluate(merged)["loss"].GetDouble()).Within(1e-3).Percent);
            Assert.That(loss, Is.Not.EqualTo(Evaluate()["loss"].GetDouble()).Within(0.1).Percent);
        });
    }

    [TestCase("prefixlm")]
    [TestCase("ul2")]
    public void Evaluate_RawText_IsMeasuredTheSameEachTime(string objective)
    {
        var text = Files.Write("text.txt", Enumerable.Range(0, 8).SelectMany(_ => new[] { "a b c d a b c d d c b a", "" }));
        string[] arguments = ["evaluate", "--model", Files.Folder, "--data", text, "--objective", objective, "--max-source-length", "24", "--max-target-length", "24", "--json", "--device", "cpu"];
        var runs = new[] { CommandRun.Of(arguments), CommandRun.Of(arguments) };
        Assert.Multiple(() =>
        {
            Assert.That(runs[0].Code, Is.Zero, runs[0].Errors);
            Assert.That(runs[1].Output, Is.EqualTo(runs[0].Output));
        });
    }

    [Test]
    public void Evaluate_WithoutJson_PrintsALineForEachNumber()
    {
        var run = CommandRun.Of("evaluate", "--model", Files.Folder, "--data", _data, "--device", "cpu");
        Assert.That(run.Output.TrimEnd().Split('\n').Select(line => line[..line.LastIndexOf(' ')]), Is.EqualTo(new[] { "loss", "perplexity", "token accuracy", "examples" }), run.Errors);
    }

    [TestCase("--split: expected without --data", "--split", "Test")]
    [TestCase("metrics: \"blue\" is unknown", "--metrics", "blue")]
    [TestCase("--num-return-sequences: expected 1", "--num-return-sequences", "2", "--num-beams", "2")]
    public void Evaluate_WrongOption_IsRefusedByName(string message, params string[] options)
        => CommandRun.AssertRefused(CommandRun.Of(["evaluate", "--model", Files.Folder, "--data", _data, .. options]), message);

    [Test]
    public void Evaluate_FileOptionsWithoutFiles_AreRefused()
        => CommandRun.AssertRefused(CommandRun.Of("evaluate", "--model", Files.Folder, "--metrics", "rouge"), "--metrics: expected with --data");

    [Test]
    public void Evaluate_NoExamples_IsRefused()
    {
        var run = CommandRun.Of("evaluate", "--model", Files.Folder, "--data", Files.Write("empty.jsonl", []));
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(2));
            Assert.That(run.Errors, Does.Contain("empty.jsonl"));
        });
    }

    private Dictionary<string, JsonElement> Evaluate(params string[] options)
    {
        var model = options is [var first, ..] && !first.StartsWith('-') ? first : Files.Folder;
        var run = CommandRun.Of(["evaluate", "--model", model, "--data", _data, "--device", "cpu", "--json", .. options.SkipWhile(option => option == model)]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        return JsonSerializer.Deserialize<Dictionary<string, JsonElement>>(run.Output)!; // an object
    }

    private (double Loss, double Accuracy) MeasureOneByOne()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = T5GemmaForConditionalGeneration.FromPretrained(Files.Folder);
        var tokenizer = T5GemmaTokenizer.FromPretrained(Files.Folder);
        var (loss, right, targets) = (0.0, 0L, 0L);
        foreach (var (input, target) in Pairs)
        {
            var labels = tokenizer.Encode(target, addBos: false, addEos: true).Select(id => (long)id).ToArray();
            var output = model.call(new() { InputIds = tensor(tokenizer.Encode(input).Select(id => (long)id).ToArray()).unsqueeze(0), Labels = tensor(labels).unsqueeze(0) });
            loss += output.Loss!.item<float>() * labels.Length; // there are labels
            right += output.Logits.argmax(-1).eq(tensor(labels)).sum().item<long>();
            targets += labels.Length;
        }

        return (loss / targets, (double)right / targets);
    }
}
