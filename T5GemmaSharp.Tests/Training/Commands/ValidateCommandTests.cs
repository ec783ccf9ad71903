using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tests.Training.Data.Files;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class ValidateCommandTests
{
    private readonly DataFolder _folder = new();

    [OneTimeSetUp]
    public void WriteTokenizer() => _folder.Write("tokenizer.json", TinyTokenizer.Json().ToJsonString());

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Run_Pairs_ShowsCountsLengthsAndExamples()
    {
        var file = _folder.Write("pairs.jsonl", string.Join('\n', Enumerable.Range(0, 10).Select(index => $$"""{"input":"{{new string('d', index)}}","target":"s"}""")));
        var (code, output, errors) = Run("--data", file, "--max-source-length", "9");
        Assert.Multiple(() =>
        {
            Assert.That((code, errors), Is.EqualTo((0, "")));
            Assert.That(output.ReplaceLineEndings("\n"), Does.Match("""
                ^pairs: 10, of 10 read \(0 left out\)
                tokens       count      mean   min   50%   90%   95%   99%   max  cut
                source          10       5.5     1     5     9    10    10    10  10.0 ?%
                target          10       2.0     2     2     2     2     2     2  0.0 ?%

                --- example 0
                <bos>
                --> s<eos>

                --- example 5
                <bos>ddddd
                --> s<eos>

                --- example 9
                <bos>dddddddd
                --> s<eos>

                fingerprint: [0-9a-f]{64}
                $
                """.ReplaceLineEndings("\n")));
        });
    }

    [TestCase("classify", """{"text":"d","label":"b"}""", """{"b":1}""", "<bos>d", "b")]
    [TestCase("classify", """{"text":"d","label":[1,0]}""", """{"LABEL_0":1,"LABEL_1":1}""", "<bos>d", "LABEL_1, LABEL_0")]
    [TestCase("classify", """{"text":"d","label":0.5}""", null, "<bos>d", "0.5")]
    [TestCase("token-classify", """{"tokens":["d","s"],"labels":["O","P"]}""", """{"O":1,"P":1}""", "<bos>d s", "d/O s/P")]
    [TestCase("prefixlm", """{"text":"d"}""", null, "d", null)]
    [TestCase("ul2", """{"text":"d"}""", null, "d", null)]
    [TestCase("chat", """{"messages":[{"role":"user","content":"d"},{"role":"assistant","content":"s"}]}""", null, "<bos><start_of_turn>user\nd<end_of_turn>\n<start_of_turn>model\n", "s<end_of_turn>")]
    public void Run_Json_HoldsLabelsAndExamples(string objective, string row, string? labels, string source, string? target)
    {
        var (code, output, errors) = Run("--data", _folder.Write("rows.jsonl", row), "--objective", objective, "--json");
        Assert.That((code, errors), Is.EqualTo((0, "")));
        using var json = JsonDocument.Parse(output);
        var root = json.RootElement;
        var sample = root.GetProperty("samples")[0];
        Assert.Multiple(() =>
        {
            Assert.That(root.GetProperty("count").GetInt32(), Is.EqualTo(1));
            Assert.That(root.TryGetProperty("labels", out var shown) ? shown.GetRawText() : null, Is.EqualTo(labels));
            Assert.That(sample.GetProperty("source").GetString(), Is.EqualTo(source));
            Assert.That(sample.TryGetProperty("target", out var text) ? text.GetString() : null, Is.EqualTo(target));
        });
    }

    [Test]
    public void Run_Chats_ShowsAnExampleForEachAnswerCutAtItsStart()
    {
        var turns = string.Join(',', Enumerable.Range(0, 4).Select(index => $$"""{"role":"{{(index % 2 == 0 ? "user" : "assistant")}}","content":"{{"dsds"[index]}}"}"""));
        string[] data = ["--data", _folder.Write("chats.jsonl", $$"""{"messages":[{{turns}}]}"""), "--objective", "chat", "--json"];
        using var whole = JsonDocument.Parse(Run(data).Output);
        using var cut = JsonDocument.Parse(Run([.. data, "--max-source-length", "8", "--max-target-length", "1"]).Output);
        var (source, shortened) = (whole.RootElement.GetProperty("samples")[1].GetProperty("source").GetString(), cut.RootElement.GetProperty("samples")[1].GetProperty("source").GetString()!);
        Assert.Multiple(() =>
        {
            Assert.That(whole.RootElement.GetProperty("count").GetInt32(), Is.EqualTo(2));
            Assert.That(source, Does.StartWith("<bos><start_of_turn>user\nd<end_of_turn>\n<start_of_turn>model\ns<end_of_turn>").And.EndsWith("<start_of_turn>model\n"));
            Assert.That(shortened.Length, Is.LessThan(source!.Length));
            Assert.That(source, Does.EndWith(shortened["<bos>".Length..]), "bos stays, and the end");
            Assert.That(cut.RootElement.GetProperty("target").GetProperty("cut").GetInt32(), Is.EqualTo(2));
        });
    }

    [Test]
    public void Run_SeveralFilesAndKeys_ReadsAll()
    {
        string[] files = [_folder.Write("1.jsonl", """{"a":"d","b":{"c":"s"}}"""), _folder.Write("2.jsonl.gz", DataFolder.Compress("""{"a":"d","b":{"c":"s"}}"""))];
        using var json = JsonDocument.Parse(Run(["--data", .. files, "--map", "input=a", "target=b.c", "--json"]).Output);
        Assert.Multiple(() =>
        {
            Assert.That(json.RootElement.GetProperty("count").GetInt32(), Is.EqualTo(2));
            Assert.That(json.RootElement.GetProperty("target").GetProperty("p100").GetInt32(), Is.EqualTo(2));
            Assert.That(json.RootElement.GetProperty("source").GetProperty("cut").GetInt32(), Is.Zero);
        });
    }

    [TestCase("""{"input":"d"}""", "seq2seq", "bad.jsonl: line 1: expected input and target")]
    [TestCase("""{"messages":[{"role":"user","content":"d"}]}""", "chat", "bad.jsonl: line 1: turns: expected a turn of the role assistant, got user")]
    [TestCase("""{"messages":[{"role":"assistant","content":"d"},{"role":"assistant","content":"d"}]}""", "chat", "bad.jsonl: line 1: ")]
    public void Run_BadData_NamesTheLine(string row, string objective, string problem)
        => CommandRun.AssertRefused(Run("--data", _folder.Write("bad.jsonl", row), "--objective", objective), problem);

    [TestCase("--max-target-length: expected with --objective seq2seq, chat, got classify, which is not cut so", "classify", "--max-target-length", "5")]
    [TestCase("--max-source-length: expected with --objective seq2seq, chat, classify, token-classify, got ul2, which is not cut so", "ul2", "--max-source-length", "5")]
    [TestCase("--max-source-length: expected at least 1, got 0", "seq2seq", "--max-source-length", "0")]
    [TestCase("map: expected field=key, got 'text'", "seq2seq", "--map", "text")]
    [TestCase("map: expected one of the fields text, got input", "ul2", "--map", "input=a")]
    public void Run_OptionsThatDoNotFit_AreRefused(string problem, string objective, params string[] options)
        => CommandRun.AssertRefused(Run(["--data", _folder.Write("rows.jsonl", """{"text":"d"}"""), "--objective", objective, .. options]), problem);

    [Test]
    [CancelAfter(60_000)]
    public async Task Run_WithoutLibtorch_Works(CancellationToken cancellation)
    {
        var file = _folder.Write("process.jsonl", """{"input":"d","target":"s"}""");
        using var process = CommandProcess.Start(
            ["validate", "--model", _folder.Path, "--data", file],
            (TorchNative.FolderVariable, Path.Combine(_folder.Path, "none"))); // every verb that prepares libtorch fails with it
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.That((process.ExitCode, output.Split('\n')[0].TrimEnd()), Is.EqualTo((0, "pairs: 1, of 1 read (0 left out)")));
    }

    private (int Code, string Output, string Errors) Run(params string[] arguments) => CommandRun.Of(["validate", "--model", _folder.Path, .. arguments]);
}
