using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>The verb <c>generate</c> with answers that are written while they grow.</summary>
public sealed class GenerateStreamTests
{
    private static readonly string[] Words = ["abcd", "d", "a aa aaa é", "", "cab"];

    private readonly AnsweringModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TestCase]
    [TestCase("--do-sample", "--temperature", "3", "--seed", "7")]
    [TestCase("--regex", " {2}[日本é😀\\n ]{3,20}", "--eos-token-id", "1", "--suppress-tokens", "none", "--do-sample", "--temperature", "9", "--seed", "3", "--max-new-tokens", "80")] // characters of several tokens
    [TestCase("--stop-strings", "ab", "--stop-strings", "d", "--do-sample", "--temperature", "9", "--seed", "7")]
    [TestCase("--decoder-prompt", "da")]
    [TestCase("--decoder-prompt", "<bos>da")]
    [TestCase("--keep-special", "--eos-token-id", "1", "--forced-eos-token-id", "1")]
    [TestCase("--forced-bos-token-id", "1", "--eos-token-id", "1")]
    [TestCase("--chat")]
    [TestCase("--prompt-lookup-num-tokens", "2")]
    [TestCase("--assistant-model", "MODEL", "--seed", "4", "--do-sample")]
    public void Run_Stream_WritesWhatIsWrittenWithout(params string[] options)
    {
        options = [.. options.Select(option => option == "MODEL" ? _model.Folder : option)];
        Assert.Multiple(() =>
        {
            Assert.That(Run(["--stream", .. options, .. Words]), Is.EqualTo(Run(["--stream", "false", "--batch-size", "1", "--no-sort", .. options, .. Words])), "a line a text");
            Assert.That(Run(["--stream", .. options, Words[2]]), Is.EqualTo(Run(["--stream", "false", .. options, Words[2]])), "one text");
        });
    }

    [Test]
    public void Run_StreamOfAFile_KeepsItsOrder()
    {
        var file = _model["texts.txt"];
        File.WriteAllLines(file, Words);
        Assert.That(Run("--stream", "--file", file).Output, Is.EqualTo(Run("--file", file).Output));
    }

    [TestCase("--json: expected without --stream, which writes text to standard output, got both", "--json")]
    [TestCase("--out: expected without --stream", "--out", "answers.txt")]
    [TestCase("--batch-size: expected 1 with --stream, got 2", "--batch-size", "2")]
    [TestCase("stream: expected one beam and one result, got 3 beams and 1 results", "--num-beams", "3")]
    [TestCase("stream: expected one beam and one result, got 1 beams and 2 results", "--do-sample", "--num-return-sequences", "2")]
    [TestCase("temperature: expected a number above 0", "--temperature", "-1")]
    public void Run_StreamBesideWhatItCannot_IsRefused(string expected, params string[] options)
        => CommandRun.AssertRefused(Run(["--stream", .. options, "d"]), expected);

    private (int Code, string Output, string Errors) Run(params string[] arguments) => CommandRun.Of(
    [
        "generate", "--model", _model.Folder, "--device", "cpu",
        .. arguments.Contains("--max-new-tokens") ? (string[])[] : ["--max-new-tokens", $"{AnsweringModel.NewTokens}"],
        .. arguments.Contains("--eos-token-id") ? (string[])[] : ["--eos-token-id", "none"],
        .. arguments,
    ]);
}
