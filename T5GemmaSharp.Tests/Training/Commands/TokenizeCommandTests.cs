using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class TokenizeCommandTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("tokenize-").FullName;
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), TinyTokenizer.Json().ToJsonString());
    }

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public void Run_Text_ShowsPlacesIdsAndPieces()
    {
        var (code, output, errors) = Run("abc\n€");
        var byteIds = TinyTokenizer.Ids("<0xE2>", "<0x82>", "<0xAC>");
        Assert.Multiple(() =>
        {
            Assert.That((code, errors), Is.EqualTo((0, "")));
            Assert.That(output.Split('\n').Select(line => string.Join('|', line.Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))), Is.EqualTo(new[]
            {
                $"0..1|{TinyTokenizer.Id("a")}|a",
                $"1..3|{TinyTokenizer.Id("bc")}|bc",
                "3..4|5|\\n",
                $"4..5|{byteIds[0]}|<0xE2>",
                $"4..5|{byteIds[1]}|<0x82>",
                $"4..5|{byteIds[2]}|<0xAC>",
                "6 tokens, 5 UTF-16 units",
                "",
            }));
        });
    }

    [TestCase(new[] { "d", "" }, "d\n\n")]
    [TestCase(new[] { "d", "--special" }, "<bos> d\n")]
    [TestCase(new[] { "d", "--bos", "--eos" }, "<bos> d <eos>\n")]
    [TestCase(new[] { "--", "-d", "@d" }, "<0x2D> d\n<0x40> d\n")]
    [TestCase(new[] { "<eos>", "--no-parse-special" }, "< e o s >\n")]
    public void Run_Ids_PrintsALineAText(string[] arguments, string expected)
    {
        var (_, output, _) = Run(["--ids", .. arguments]);
        Assert.That(output, Is.EqualTo(string.Join('\n', expected.Split('\n').Select(line => string.Join(' ', line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(TinyTokenizer.Id))))));
    }

    [Test]
    public void Run_Count_PrintsALineAText()
        => Assert.That(Run("--count", "--special", "ad", "").Output, Is.EqualTo("3\n1\n"));

    [Test]
    public void Run_Json_HoldsEverything()
        => Assert.That(
            Run("--json", "d", "").Output,
            Is.EqualTo($$"""{"texts":[{"count":1,"tokens":[{"id":{{TinyTokenizer.Id("d")}},"piece":"d","start":0,"end":1}]},{"count":0,"tokens":[]}]}""" + "\n"));

    [TestCase(new string[0], "<bos>a d\n")]
    [TestCase(new[] { "--skip-special" }, "a d\n")]
    public void Run_DecodeIds_PrintsTheirText(string[] options, string expected)
    {
        var ids = TinyTokenizer.Ids("<bos>", "a", "▁", "d");
        Assert.That(Run(["--decode", $"[{ids[0]}, {ids[1]}", $"{ids[2]},{ids[3]}]", .. options]).Output, Is.EqualTo(expected));
    }

    [Test]
    public void Run_File_IsOneText()
    {
        var file = Path.Combine(_folder, "text");
        File.WriteAllText(file, "a\n\nd\n");
        Assert.That(Run("--ids", "--file", file).Output, Is.EqualTo(string.Join(' ', TinyTokenizer.Ids("a", "\n\n", "d", "\n")) + "\n"));
    }

    [Test]
    public void Run_FileNotUtf8_SaysWhere()
    {
        var file = Path.Combine(_folder, "latin1");
        File.WriteAllBytes(file, [.. "ab"u8, 0xE9, .. "c"u8]);
        var (code, _, errors) = Run("--ids", "--file", file);
        Assert.That((code, errors), Is.EqualTo((2, $"error: {file}: expected UTF-8, got the bytes E9 at 2\n")));
    }

    [TestCase("--skip-special: expected with --decode", "--skip-special", "d")]
    [TestCase("--offsets: expected with --jsonl", "--offsets", "d")]
    [TestCase("--count: expected without --jsonl", "--jsonl", "--count")]
    [TestCase("--special: expected without --decode", "--decode", "--special", "1")]
    [TestCase("--count: expected without --ids", "--ids", "--count", "d")]
    [TestCase("'d': expected no texts beside --jsonl or --file, got 1", "--jsonl", "d")]
    [TestCase("'d': expected no texts beside --jsonl or --file, got 1", "--file", "x", "d")]
    [TestCase("--decode: expected ids from 0, got 'd'", "--decode", "d")]
    [TestCase("--idz: expected an option of this command or a text", "--idz", "d")]
    [TestCase("nowhere", "--file", "nowhere")]
    [TestCase("nowhere", "--jsonl", "--file", "nowhere")]
    public void Run_BadUsage_SaysWhatAndExitsWith2(string expected, params string[] arguments)
        => CommandRun.AssertRefused(Run(arguments), expected);

    [Test]
    public void Run_EosOfATokenizerWithout_SaysSo()
    {
        var json = TinyTokenizer.Json().ToJsonString().Replace("eos", "end", StringComparison.Ordinal);
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), json);
        var (code, _, errors) = Run("--eos", "d");
        Assert.That((code, errors), Is.EqualTo((2, "error: --eos: expected a tokenizer that has one, this one has none\n")));
    }

    private (int Code, string Output, string Errors) Run(params string[] arguments) => CommandRun.Of(["tokenize", "--model", _folder, .. arguments]);
}
