using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tests.Training.Generation;
using T5GemmaSharp.Tokenization.Chat;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>The verb <c>generate</c> with files of texts and answers.</summary>
public sealed class GenerateFileTests
{
    private readonly AnsweringModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TestCase]
    [TestCase("--no-sort")]
    public void Run_File_AnswersInItsOrder(params string[] options)
    {
        string[] texts = [.. Enumerable.Range(0, 23).Select(index => new string("abcd"[index % 4], 1 + (index * 7 % 5)))];
        var (code, output, errors) = Run("texts.txt", string.Join("\r\n", texts), ["--json", "--batch-size", "2", .. options]);
        Assert.That(code, Is.Zero, errors);
        var answers = Parse(output);
        Assert.Multiple(() =>
        {
            Assert.That(answers.Select(answer => answer.GetProperty("index").GetInt32()), Is.EqualTo(Enumerable.Range(0, texts.Length)));
            Assert.That(answers.Select(AnsweringModel.Ids), Is.EqualTo(texts.Select(text => _model.Greedy(_model.Tokenizer.Encode(text)))));
        });
    }

    [Test]
    public void Run_EmptyFile_GivesAnEmptyFile()
    {
        var answers = _model["empty.out"];
        Assert.That(Run("empty.txt", "", "--out", answers).Code, Is.Zero);
        Assert.That(new FileInfo(answers).Length, Is.Zero);
    }

    [Test]
    public void Run_EmptyLine_IsATextToo()
        => Assert.That(Run("gap.txt", "a\n\nd\n").Output.Count(unit => unit == '\n'), Is.EqualTo(3));

    [Test]
    public void Run_Jsonl_TakesTextsMessagesAndBeginnings()
    {
        const string rows = """
            {"text": "abcd", "id": 7}
            "d"
            {"input": "cab", "decoder_prompt": "da"}
            {"prompt": "aa", "target": "ignored"}
            {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"}]}
            """;
        var chat = _model.Tokenizer.EncodeChat([new ChatTurn("user", "a"), new ChatTurn("assistant", "b"), new ChatTurn("user", "c")]);
        var (code, output, errors) = Run("rows.jsonl", rows, "--json");
        Assert.That(code, Is.Zero, errors);
        Assert.That(Parse(output).Select(AnsweringModel.Ids), Is.EqualTo(new[]
        {
            _model.Greedy(_model.Tokenizer.Encode("abcd")),
            _model.Greedy(_model.Tokenizer.Encode("d")),
            _model.Greedy(_model.Tokenizer.Encode("cab"), TinyTokenizer.Ids("d", "a")),
            _model.Greedy(_model.Tokenizer.Encode("aa")),
            _model.Greedy(chat),
        }));
    }

    [TestCase("System role not supported", """{"messages": [{"role": "system", "content": "a"}, {"role": "user", "content": "c"}]}""")]
    [TestCase("expected one of the keys text, input, prompt and messages, got none", """{"txt": "a"}""")]
    [TestCase("expected one of the keys text, input, prompt and messages, got text, messages", """{"text": "a", "messages": []}""")]
    [TestCase("text: expected a string, got a number", """{"text": 5}""")]
    [TestCase("messages[0].content: expected a string, there is none", """{"messages": [{"role": "user"}]}""")]
    [TestCase("expected JSON", """{"text": "a" """)]
    [TestCase("expected JSON", "")]
    [TestCase("expected valid Unicode", """{"text": "\ud800"}""")]
    public void Run_BadRow_SaysWhereAndWritesNothing(string expected, string row)
    {
        var answers = _model["bad.out"];
        var (code, output, errors) = Run("bad.jsonl", "{\"text\": \"a\"}\n" + row + "\n\"b\"\n", "--out", answers);
        Assert.Multiple(() =>
        {
            Assert.That((code, output), Is.EqualTo((2, "")));
            Assert.That(errors, Does.StartWith("error: ").And.Contain("bad.jsonl: line 2: ").And.Contain(expected));
            Assert.That(Directory.GetFiles(_model.Folder, "bad.out*"), Is.Empty);
        });
    }

    [Test]
    public void Run_Out_ReplacesTheFileAndLeavesNothingBeside()
    {
        var answers = _model["answers.jsonl"];
        File.WriteAllText(answers, "old");
        var (code, output, errors) = Run("two.txt", "a\nd\n", "--out", answers);
        Assert.Multiple(() =>
        {
            Assert.That((code, output, errors), Is.EqualTo((0, "", "")));
            Assert.That(File.ReadAllLines(answers).Select(line => JsonDocument.Parse(line).RootElement.GetProperty("index").GetInt32()), Is.EqualTo(new[] { 0, 1 }), "its name asks for JSON");
            Assert.That(Directory.GetFiles(_model.Folder, "answers.jsonl*"), Has.Length.EqualTo(1));
        });
    }

    [Test]
    public void Run_OutIsAFolder_SaysSoBeforeAnythingIsLoaded()
    {
        var (code, _, errors) = CommandRun.Of("generate", "--model", "nowhere", "--out", _model.Folder, "d");
        Assert.That((code, errors), Is.EqualTo((2, $"error: {_model.Folder}: expected a file, it is a folder\n")));
    }

    [Test]
    public void Run_ManyBatches_TellsHowFarItIs()
    {
        var (_, _, errors) = Run("many.txt", string.Concat(Enumerable.Repeat("a\n", 25)), "--batch-size", "1", "--out", _model["many.out"]);
        if (Console.IsErrorRedirected)
            Assert.That(errors.Split('\n').Select(line => line.Split(' ')[0]), Is.EqualTo(new[] { "10/25", "20/25", "" }));
    }

    private static JsonElement[] Parse(string output) => [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => JsonDocument.Parse(line).RootElement)];

    private (int Code, string Output, string Errors) Run(string name, string content, params string[] arguments)
    {
        File.WriteAllText(_model[name], content);
        return CommandRun.Of(["generate", "--model", _model.Folder, "--device", "cpu", "--max-new-tokens", $"{AnsweringModel.NewTokens}", "--eos-token-id", "none", "--file", _model[name], .. arguments]);
    }
}
