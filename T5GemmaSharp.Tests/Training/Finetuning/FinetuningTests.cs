using System.Globalization;
using System.Text.RegularExpressions;
using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Training.Checkpointing;

namespace T5GemmaSharp.Tests.Training.Finetuning;

[NonParallelizable] // the verb prints to the console
public sealed partial class FinetuningTests : FinetuningFixture
{
    private static readonly string[] Quick = ["--device", "cpu", "--lr", "0.02", "--batch-size", "4", "--report-steps", "10", "--weight-decay", "0"];

    private static readonly string[] Pairs =
    [
        """{"input": "a", "target": "b"}""", """{"input": "b", "target": "c"}""", """{"input": "c", "target": "d"}""", """{"input": "d", "target": "a a"}""",
    ];

    private static readonly string[] Text = [.. Enumerable.Range(0, 12).SelectMany(index => new[] { $"a b c d {new string((char)('a' + (index % 4)), 5)} d c b a", "" })];

    [TestCase("AdamW")]
    [TestCase("Adafactor")]
    public void Train_Pairs_LearnsThemAndTheModelAnswers(string optimizer)
    {
        var data = Files.Write("pairs.jsonl", Pairs);
        var run = Train("--data", data, "--eval-data", data, "--metrics", "exact_match", "--steps", "150", "--optimizer", optimizer, "--max-new-tokens", "6");
        Assert.That(run.Code, Is.Zero, run.Errors);
        var answer = CommandRun.Of("generate", "--model", Files.Run, "--device", "cpu", "--max-new-tokens", "6", "d");
        Assert.Multiple(() =>
        {
            Assert.That(Losses(run.Output)[^1], Is.LessThan(0.05));
            Assert.That(run.Output, Does.Contain("exact match 100"));
            Assert.That(answer.Output, Is.EqualTo("a a\n"));
        });
    }

    [TestCase("prefixlm", false)]
    [TestCase("ul2", false)]
    [TestCase("ul2", true)]
    public void Train_RawText_LossFalls(string objective, bool isSegmented)
    {
        var data = Files.Write("text.txt", Text);
        string[] segments = isSegmented ? ["--gradient-checkpointing"] : [];
        var run = Train(["--data", data, "--objective", objective, "--steps", "60", "--max-source-length", "24", "--max-target-length", "24", .. segments]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        var losses = Losses(run.Output);
        Assert.That(losses[^1], Is.LessThan(0.6 * losses[0]));
        var log = File.ReadAllText(Path.Combine(Files.Run, "log.jsonl"));
        Assert.That(log, objective == "ul2" ? Does.Contain("\"loss/r:3,0.15\":").And.Contain("\"loss/s:") : Does.Not.Contain("loss/"), "the loss of each denoiser of several");
    }

    [TestCase(false, false)]
    [TestCase(true, true)]
    public void Train_Adapter_LearnsAndMergesIntoTheBase(bool isDora, bool isSegmented)
    {
        var data = Files.Write("pairs.jsonl", Pairs);
        string[] extra = [.. isDora ? ["--dora"] : Array.Empty<string>(), .. isSegmented ? ["--gradient-checkpointing"] : Array.Empty<string>()];
        var run = Train(["--data", data, "--lora-r", "8", "--lora-dropout", "0", "--steps", "200", "--lr", "0.005", .. extra]);
        Assert.That(run.Code, Is.Zero, run.Errors);
        var answer = CommandRun.Of("generate", "--model", Files.Folder, "--adapter", Files.Run, "--device", "cpu", "--max-new-tokens", "6", "d");
        Assert.Multiple(() =>
        {
            Assert.That(Losses(run.Output)[^1], Is.LessThan(0.5 * Losses(run.Output)[0])); // the frozen random head bounds the logits, and with them the loss
            Assert.That(answer.Output, Is.EqualTo("a a\n"), answer.Errors);
            Assert.That(File.Exists(Path.Combine(Files.Run, "model.safetensors")), Is.False);
        });
    }

    [Test]
    public void Train_AdapterInTwoParts_EqualsTheRunInOne()
    {
        var data = Files.Write("pairs.jsonl", Pairs);
        string[] settings = ["--data", data, "--lora-r", "4", "--steps", "12", "--checkpoint-steps", "6"];
        Assert.That(Train(settings).Code, Is.Zero);
        var whole = File.ReadAllBytes(Path.Combine(Files.Run, "adapter_model.safetensors"));
        Directory.Delete(Path.Combine(Files.Run, "checkpoint-12"), recursive: true);
        var resumed = CommandRun.Of(["train", "--model", Files.Folder, "--resume", Files.Run, .. settings, .. Quick]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(File.ReadAllBytes(Path.Combine(Files.Run, "adapter_model.safetensors")), Is.EqualTo(whole));
    }

    [Test]
    public void Train_ReleasedGradients_EqualTheOrdinaryRunAlsoInTwoParts()
    {
        var data = Files.Write("pairs.jsonl", Pairs);
        string[] settings = ["--data", data, "--gradient-checkpointing", "--max-grad-norm", "0", "--dtype", "bfloat16", "--ema", "0.9", "--steps", "12", "--checkpoint-steps", "6"];
        Assert.That(Train(settings).Code, Is.Zero);
        var ordinary = File.ReadAllBytes(Path.Combine(Files.Run, "model.safetensors"));
        Directory.Delete(Files.Run, recursive: true);

        var released = Train([.. settings, "--release-gradients"]);
        Assert.That(released.Code, Is.Zero, released.Errors);
        Assert.That(File.ReadAllBytes(Path.Combine(Files.Run, "model.safetensors")), Is.EqualTo(ordinary), "in one");
        Directory.Delete(Path.Combine(Files.Run, "checkpoint-12"), recursive: true);
        var resumed = CommandRun.Of(["train", "--model", Files.Folder, "--resume", Files.Run, .. settings, "--release-gradients", .. Quick]);
        Assert.That(resumed.Code, Is.Zero, resumed.Errors);
        Assert.That(File.ReadAllBytes(Path.Combine(Files.Run, "model.safetensors")), Is.EqualTo(ordinary), "in two");
    }

    [TestCase("--gradient-checkpointing", "--max-grad-norm 0, got 1")]
    [TestCase("--tf32", "--gradient-checkpointing")]
    public void Train_ReleasedGradientsWithoutWhatTheyNeed_IsRefused(string extra, string message)
    {
        var run = Train("--data", Files.Write("pairs.jsonl", Pairs), "--release-gradients", extra);
        Assert.That(run.Code, Is.EqualTo(2));
        Assert.That(run.Errors, Does.StartWith("error: --release-gradients").And.Contain(message));
    }

    [Test]
    public void Train_Chat_LearnsTheAnswers()
    {
        var data = Files.Write("chat.jsonl",
        [
            """{"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}, {"role": "assistant", "content": "d"}]}""",
        ]);
        var run = Train("--data", data, "--objective", "chat", "--steps", "80", "--batch-size", "2");
        Assert.That((run.Code, Losses(run.Output)[^1] < 0.1), Is.EqualTo((0, true)), run.Output + run.Errors);
    }

    [Test]
    public void Train_BestMetric_KeepsTheBestModel()
    {
        var data = Files.Write("pairs.jsonl", Pairs);
        var run = Train("--data", data, "--eval-data", data, "--steps", "40", "--evaluation-steps", "5", "--best-metric", "loss", "--greater-is-better", "--checkpoint-limit", "1");
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.Zero, run.Errors);
            Assert.That(run.Output, Does.Contain("the model is that of step 5, the best one"));
            Assert.That(File.ReadAllBytes(Path.Combine(Files.Run, "model.safetensors")), Is.EqualTo(File.ReadAllBytes(Path.Combine(Files.Run, "checkpoint-5", "model.safetensors"))));
        });
    }

    [Test]
    public void Train_ResumedWithOtherData_IsRefused()
    {
        var first = Files.Write("first.jsonl", Pairs);
        var other = Files.Write("other.jsonl", [.. Pairs, """{"input": "a a", "target": "c"}"""]);
        var begun = Train("--data", first, "--steps", "4", "--checkpoint-steps", "2");
        Assert.That(begun.Code, Is.Zero, begun.Errors);
        var resumed = CommandRun.Of(["train", "--model", Files.Folder, "--resume", Files.Run, "--data", other, "--steps", "4", "--checkpoint-steps", "2", .. Quick]);
        Assert.Multiple(() =>
        {
            Assert.That(resumed.Code, Is.EqualTo(2));
            Assert.That(resumed.Errors, Does.Contain("data was ").And.Not.Contain("Steps"));
            Assert.That(new TrainingCheckpoints(Files.Run).Latest, Does.EndWith("checkpoint-4"));
        });
    }

    [TestCase("""{"input": "a"}""", "line 2: ", "target")]
    [TestCase("""{"input": "a", "target": ""}""", "line 2: ", "target")]
    [TestCase("""{"input": "a", "target": 5}""", "line 2: ", "target")]
    [TestCase("""{"input": "a", "target": "b" """, "line 2: ", "JSON")]
    public void Train_BadRow_IsNamedByFileLineAndKey(string row, string place, string cause)
    {
        var run = Train("--data", Files.Write("bad.jsonl", [Pairs[0], row]), "--steps", "2");
        CommandRun.AssertRefused(run, "bad.jsonl: " + place);
        Assert.That(run.Errors, Does.Contain(cause));
        Assert.That(Directory.Exists(Files.Run), Is.False);
    }

    [TestCase("--dropout", "0.1")]
    [TestCase("--metrics", "blue")]
    [TestCase("--mixture", "ul3", "--objective", "ul2")]
    [TestCase("--batch-size", "100")]
    public void Train_WrongOption_IsRefusedByName(params string[] options)
    {
        var run = Train(["--data", Files.Write("pairs.jsonl", Pairs), "--steps", "2", .. options]);
        Assert.Multiple(() =>
        {
            Assert.That(run.Code, Is.EqualTo(2), run.Output);
            Assert.That(run.Errors, Does.StartWith("error: "));
        });
    }

    [Test]
    public void Train_FileOptionsWithoutFiles_AreRefused()
        => CommandRun.AssertRefused(CommandRun.Of("train", "--objective", "ul2"), "--objective: expected with --data");

    private static List<double> Losses(string output)
        => [.. LossPattern().Matches(output).Select(match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"epoch \S+  loss (\S+)")]
    private static partial Regex LossPattern();

    private (int Code, string Output, string Errors) Train(params string[] arguments)
    {
        var quick = Quick.Chunk(2).Where(option => !arguments.Contains(option[0])).SelectMany(option => option);
        return CommandRun.Of(["train", "--model", Files.Folder, "--out", Files.Run, .. arguments, .. quick]);
    }
}
