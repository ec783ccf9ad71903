using System.Text.Json;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class CommandLineTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("commands-").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [TestCase("frobnicate: expected a command", "frobnicate")]
    [TestCase("--frob: expected a command", "train", "--frob")]
    [TestCase("--model", "generate", "word")]
    [TestCase("--steps: expected an integer, got 'many'", "train", "--steps", "many")]
    [TestCase("--lr: expected a number, got 'fast'", "train", "--lr", "fast")]
    [TestCase("Steps: expected at least 1, got 0", "train", "--steps", "0")]
    [TestCase("HiddenSize: expected a multiple of twice the heads (8), got 100", "train", "--hidden-size", "100")]
    [TestCase("gpu", "train", "--device", "gpu")]
    [TestCase("huge", "train", "--preset", "huge")]
    [TestCase("--max-new-tokens: expected at least 1, got 0", "generate", "--model", ".", "--max-new-tokens", "0", "word")]
    [TestCase("nowhere", "generate", "--model", "nowhere", "word")]
    [TestCase("nowhere", "evaluate", "--model", "nowhere")]
    [TestCase("nowhere", "inspect", "nowhere")]
    [TestCase("nowhere", "tokenize", "--model", "nowhere", "word")]
    public void Run_BadUsage_SaysWhatOnOneLineAndExitsWith2(string expected, params string[] arguments)
        => CommandRun.AssertRefused(CommandRun.Of(arguments), expected);

    [TestCase("--help")]
    [TestCase("train", "--help")]
    [TestCase("generate", "--help")]
    [TestCase("evaluate", "--help")]
    [TestCase("inspect", "--help")]
    [TestCase("tokenize", "--help")]
    [TestCase("benchmark", "--help")]
    [TestCase("merge-adapter", "--help")]
    [TestCase("distill-targets", "--help")]
    public void Run_Help_ExitsWith0(params string[] arguments)
    {
        var (code, output, errors) = CommandRun.Of(arguments);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(output, Does.Contain("Usage:"));
    }

    [Test]
    public void Run_TrainThenUse_EveryVerbWorksOnTheResult()
    {
        var model = Path.Combine(_folder, "model");
        var (trainCode, trainOutput, trainErrors) = CommandRun.Of(
            "train", "--steps", "2", "--batch-size", "16", "--hidden-size", "16", "--heads", "2", "--layers", "1", "--intermediate-size", "16", "--device", "cpu", "--out", model);
        Assert.That(trainCode, Is.Zero, trainErrors);
        Assert.That(LastLine(trainOutput), Is.EqualTo(model));
        Assert.That(
            Directory.GetFiles(model).Select(file => Path.GetFileName(file)).Where(name => !name.StartsWith("events.out.tfevents.", StringComparison.Ordinal)),
            Is.EquivalentTo(new[]
            {
                "config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json", "trainer_state.json", "log.jsonl", "curves.svg",
            }));

        var (generateCode, generateOutput, _) = CommandRun.Of("generate", "--model", model, "--max-new-tokens", "4", "cat", "dog");
        var (inspectCode, inspectOutput, _) = CommandRun.Of("inspect", model, "--json");
        var (againCode, _, againErrors) = CommandRun.Of("train", "--out", model);
        using var inspection = JsonDocument.Parse(LastLine(inspectOutput));
        using var state = JsonDocument.Parse(File.ReadAllText(Path.Combine(model, "trainer_state.json")));
        Assert.Multiple(() =>
        {
            Assert.That(generateCode, Is.Zero);
            Assert.That(CommandRun.Of("generate", "--model", model, "--chat", "--max-new-tokens", "4", "cat").Code, Is.Zero);
            Assert.That(generateOutput.Split('\n'), Has.Length.EqualTo(3));
            Assert.That(inspectCode, Is.Zero);
            Assert.That(inspection.RootElement.GetProperty("architecture").GetString(), Is.EqualTo("T5GemmaForConditionalGeneration"));
            Assert.That(inspection.RootElement.GetProperty("keys").GetProperty("missing").GetArrayLength(), Is.Zero);
            Assert.That(state.RootElement.GetProperty("global_step").GetInt32(), Is.EqualTo(2));
            Assert.That(againCode, Is.EqualTo(2));
            Assert.That(againErrors, Does.Contain("it holds something"));
        });
    }

    private static string LastLine(string output) => output.TrimEnd().Split('\n')[^1];
}
