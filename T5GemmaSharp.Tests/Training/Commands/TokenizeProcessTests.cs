using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Tokenization;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>The verb as another program sees it: a child process behind pipes.</summary>
[CancelAfter(60_000)]
public sealed class TokenizeProcessTests
{
    private string _folder = "";

    [OneTimeSetUp]
    public void CreateFolder()
    {
        _folder = Directory.CreateTempSubdirectory("tokenize-").FullName;
        File.WriteAllText(Path.Combine(_folder, "tokenizer.json"), TinyTokenizer.Json().ToJsonString());
    }

    [OneTimeTearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    [Test]
    public async Task Lines_PeerWaitsForEachAnswer_GetsItWithoutLibtorch(CancellationToken cancellation)
    {
        using var process = Start("--jsonl");
        var answers = new List<string?>();
        foreach (var line in new[] { "\"d\"", "\"\\ud800\"", "\"\"" })
        {
            await process.StandardInput.WriteLineAsync(line.AsMemory(), cancellation);
            await process.StandardInput.FlushAsync(cancellation);
            answers.Add(await process.StandardOutput.ReadLineAsync(cancellation));
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        Assert.Multiple(() =>
        {
            Assert.That(answers, Is.EqualTo(new[] { Line("d"), Line("<0xEF>", "<0xBF>", "<0xBD>"), "[]" }));
            Assert.That(process.ExitCode, Is.Zero);
        });
    }

    [Test]
    public async Task Lines_BadLine_AnswersThoseBeforeAndExitsWith2(CancellationToken cancellation)
    {
        using var process = Start("--decode");
        await process.StandardInput.WriteAsync($"[{TinyTokenizer.Id("d")}]\n[1.5]\n[]\n".AsMemory(), cancellation);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.Multiple(() =>
        {
            Assert.That(process.ExitCode, Is.EqualTo(2));
            Assert.That(output, Is.EqualTo("\"d\"\n"));
            Assert.That(errors, Is.EqualTo("error: standard input: line 2: expected a JSON array of integers, its element 0 is none, got [1.5]\n"));
        });
    }

    [Test]
    public async Task Lines_ReaderGone_EndsQuietlyThoughTheInputGoesOn(CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("a closed pipe is not noticed there: the program ends with its input");
        using var process = Start("--jsonl");
        await CommandProcess.AssertEndsWithoutReader(process, "\"d\"", cancellation);
    }

    private static string Line(params string[] pieces) => $"[{string.Join(',', TinyTokenizer.Ids(pieces))}]";

    // Every verb that prepares libtorch fails with this variable.
    private Process Start(string mode) => CommandProcess.Start(["tokenize", "--model", _folder, mode], (TorchNative.FolderVariable, Path.Combine(_folder, "none")));
}
