using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tests.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>The verb <c>generate</c> with answers that a pattern, a schema or a list restricts.</summary>
public sealed class GenerateConstraintTests
{
    private const string Pattern = "(?:ab?c ?){2,3}d";

    private readonly AnsweringModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TestCase]
    [TestCase("--do-sample", "--top-k", "0", "--num-return-sequences", "3")]
    [TestCase("--num-beams", "4", "--num-return-sequences", "2")]
    [TestCase("--num-beams", "3", "--do-sample")]
    [TestCase("--decoder-prompt", "ee")]
    [TestCase("--prompt-lookup-num-tokens", "3")]
    [TestCase("--assistant-model", "MODEL")]
    [TestCase("--assistant-model", "MODEL", "--do-sample")]
    [TestCase("--stream")]
    [TestCase("--stream", "--prompt-lookup-num-tokens", "3")]
    public void Run_Regex_MatchesEveryAnswer(params string[] options)
    {
        var (code, output, errors) = Run(["--regex", Pattern, "--seed", "3", .. options.Select(option => option == "MODEL" ? _model.Folder : option), "abcd", "d", "a aa"]);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(output.TrimEnd('\n').Split('\n'), Has.Length.GreaterThanOrEqualTo(3).And.All.Match($"\\A{Pattern}\\z"));
    }

    [Test]
    public void Run_Choices_GivesOneOfThem([Values("1", "4")] string beams)
    {
        string[] choices = ["abcd", "d", "ca  b", "é"];
        var (code, output, errors) = Run(["--num-beams", beams, .. choices.SelectMany(choice => new[] { "--choices", choice }), "abcd", "d", "a aa"]);
        Assert.That((code, errors), Is.EqualTo((0, "")));
        Assert.That(output.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(3).And.All.AnyOf(choices));
    }

    [Test]
    public void Run_JsonSchema_GivesJsonThatFits()
    {
        var schema = WriteSchema("""{"type": "object", "properties": {"ok": {"type": "boolean"}, "kind": {"enum": ["a", "b"]}}, "required": ["ok", "kind"]}""");
        var (code, output, errors) = Run("--json-schema", schema, "--suppress-tokens", "none", "abcd"); // the tokenizer writes braces as bytes
        Assert.That((code, errors), Is.EqualTo((0, "")));
        using var answer = JsonDocument.Parse(output);
        Assert.That(answer.RootElement.GetProperty("ok").ValueKind, Is.EqualTo(JsonValueKind.True).Or.EqualTo(JsonValueKind.False));
        Assert.That(answer.RootElement.GetProperty("kind").GetString(), Is.AnyOf("a", "b"));
    }

    [TestCase("--json-schema: expected without --regex, got both", "--regex", "a", "--json-schema", "nowhere")]
    [TestCase("--choices: expected without --regex, got both", "--choices", "a", "--regex", "a")]
    [TestCase("--choices: expected without --json-schema, got both", "--json-schema", "nowhere", "--choices", "a")]
    [TestCase("nowhere", "--json-schema", "nowhere")]
    [TestCase("--regex: regular expression, position 1: ", "--regex", "a(")]
    [TestCase("--regex: ", "--regex", "(?=a)")]
    [TestCase("--json-schema: SCHEMA: schema, #/type: ", "--json-schema", "SCHEMA")]
    public void Run_BadConstraint_IsRefusedBeforeTheModelIsLoaded(string expected, params string[] options)
    {
        using var folder = new ScratchFolder();
        File.WriteAllText(folder["tokenizer.json"], TinyTokenizer.Json().ToJsonString());
        var schema = WriteSchema("""{"type": "text"}""");
        string[] arguments = ["generate", "--model", folder.Path, .. options, "d"];
        CommandRun.AssertRefused(CommandRun.Of([.. arguments.Select(argument => argument.Replace("SCHEMA", schema, StringComparison.Ordinal))]), expected.Replace("SCHEMA", schema, StringComparison.Ordinal));
    }

    [TestCase("forcedEosTokenId: expected none beside a constraint", "--forced-eos-token-id", "1")]
    [TestCase("eosTokenIds: expected at least one, got none", "--eos-token-id", "none")]
    [TestCase("position 3: expected a token that the constraint allows, got none", "--min-new-tokens", "5")]
    public void Run_SettingsThatContradictTheConstraint_AreRefused(string expected, params string[] options)
        => CommandRun.AssertRefused(Run(["--regex", "cd", .. options, "d"]), expected);

    [Test]
    public void Run_AnswersCutShort_AreCountedOnStandardError([Values] bool streams)
    {
        string[] arguments = ["--regex", "a{5}b{5}", "--max-new-tokens", "3", .. streams ? ["--stream"] : (string[])[], "abcd", "d"];
        var (code, output, errors) = Run(arguments);
        Assert.Multiple(() =>
        {
            Assert.That(code, Is.Zero);
            Assert.That(output.TrimEnd('\n').Split('\n'), Has.Length.EqualTo(2).And.All.Match("\\Aa+b*\\z"));
            Assert.That(errors, Is.EqualTo("warning: 2 of 2 answers ended at the longest length before they were complete; raise --max-new-tokens\n"));
        });
    }

    [Test]
    public void Run_AnswerCompleteAtTheLongestLength_IsNotCounted()
    {
        var (code, output, errors) = Run("--regex", "dd", "--max-new-tokens", "2", "abcd");
        Assert.That((code, output, errors), Is.EqualTo((0, "dd\n", "")));
    }

    private string WriteSchema(string schema)
    {
        var file = _model["schema.json"];
        File.WriteAllText(file, schema);
        return file;
    }

    private (int Code, string Output, string Errors) Run(params string[] arguments) => CommandRun.Of(
    [
        "generate", "--model", _model.Folder, "--device", "cpu",
        .. arguments.Contains("--max-new-tokens") ? (string[])[] : ["--max-new-tokens", "80"],
        .. arguments.Contains("--eos-token-id") ? (string[])[] : ["--eos-token-id", $"{TinyTokenizer.Id("<eos>")}"],
        .. arguments,
    ]);
}
