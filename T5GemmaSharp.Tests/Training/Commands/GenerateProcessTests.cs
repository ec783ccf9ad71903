using System.Diagnostics;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Training.Generation;

namespace T5GemmaSharp.Tests.Training.Commands;

/// <summary>The verb as another program sees it: a child process behind pipes, and one that is interrupted.</summary>
[CancelAfter(120_000)]
public sealed class GenerateProcessTests
{
    private readonly AnsweringModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [Test]
    public async Task Lines_PeerWaitsForEachAnswer_GetsIt(CancellationToken cancellation)
    {
        using var process = Start("--json");
        var answers = new List<int[]>();
        foreach (var text in new[] { "abcd", "", "d" })
        {
            await process.StandardInput.WriteLineAsync(text.AsMemory(), cancellation);
            await process.StandardInput.FlushAsync(cancellation);
            using var answer = JsonDocument.Parse(await process.StandardOutput.ReadLineAsync(cancellation) ?? "");
            answers.Add(AnsweringModel.Ids(answer.RootElement));
        }

        process.StandardInput.Close();
        await process.WaitForExitAsync(cancellation);
        Assert.Multiple(() =>
        {
            Assert.That(process.ExitCode, Is.Zero);
            Assert.That(answers, Is.EqualTo(new[] { "abcd", "", "d" }.Select(text => _model.Greedy(_model.Tokenizer.Encode(text)))));
        });
    }

    [Test]
    public async Task Lines_BadLine_AnswersThoseBeforeAndExitsWith2(CancellationToken cancellation)
    {
        using var process = Start("--jsonl");
        await process.StandardInput.WriteAsync("\"d\"\n{\"messages\": [{\"role\": \"system\", \"content\": \"a\"}]}\n\"a\"\n".AsMemory(), cancellation);
        process.StandardInput.Close();
        var output = await process.StandardOutput.ReadToEndAsync(cancellation);
        var errors = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.Multiple(() =>
        {
            Assert.That(process.ExitCode, Is.EqualTo(2));
            Assert.That(output.Count(unit => unit == '\n'), Is.EqualTo(1));
            Assert.That(errors, Is.EqualTo("error: standard input: line 2: System role not supported\n"));
        });
    }

    [Test]
    public async Task Lines_ReaderGone_EndsQuietlyThoughTheInputGoesOn(CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("a closed pipe is not noticed there: the program ends with its input");
        using var process = Start();
        await CommandProcess.AssertEndsWithoutReader(process, "d", cancellation);
    }

    [TestCase("answers.jsonl")]
    [TestCase("answers.txt")]
    public async Task File_Interrupted_KeepsWhatIsDoneAndSaysWhere(string name, CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("one process cannot interrupt another there");
        var texts = _model["texts.txt"];
        await File.WriteAllLinesAsync(texts, Enumerable.Repeat("abcd", 200_000), cancellation);
        using var process = Start("--file", texts, "--out", _model[name], "--batch-size", "2");
        while (!Directory.GetFiles(_model.Folder, $"{name}.*.partial").Any(file => new FileInfo(file).Length > 0))
            await Task.Delay(50, cancellation);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync(cancellation);
        var errors = await process.StandardError.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);

        var partial = Directory.GetFiles(_model.Folder, $"{name}.*").Single();
        var lines = await File.ReadAllLinesAsync(partial, cancellation);
        Assert.Multiple(() =>
        {
            Assert.That(process.ExitCode, Is.EqualTo(130));
            Assert.That(errors.TrimEnd().Split('\n')[^1], Is.EqualTo($"{partial}: the {lines.Length} answers that were ready"));
            Assert.That(lines, Is.Not.Empty.And.Length.LessThan(200_000));
            Assert.That(lines.Distinct().Count(), Is.EqualTo(name.EndsWith(".txt", StringComparison.Ordinal) ? 1 : lines.Length), "every text has the same answer, and every object its own index");
        });
    }

    [Test]
    public async Task Lines_InterruptedWhileWaiting_Ends(CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("one process cannot interrupt another there");
        using var process = Start();
        await process.StandardInput.WriteLineAsync("d".AsMemory(), cancellation);
        await process.StandardInput.FlushAsync(cancellation);
        await process.StandardOutput.ReadLineAsync(cancellation);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.That(process.ExitCode, Is.EqualTo(130));
    }

    [Test]
    public async Task Stream_Interrupted_EndsTheLineAndExitsWith130(CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("one process cannot interrupt another there");
        using var process = CommandProcess.Start(Endless("--stream"));
        await process.StandardOutput.ReadAsync(new char[1], cancellation);
        using (var kill = Process.Start("kill", ["-INT", $"{process.Id}"]))
            await kill.WaitForExitAsync(cancellation);
        var rest = await process.StandardOutput.ReadToEndAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.That((process.ExitCode, rest.IndexOf('\n', StringComparison.Ordinal)), Is.EqualTo((130, rest.Length - 1)));
    }

    [Test]
    public async Task Stream_ReaderGone_EndsQuietly(CancellationToken cancellation)
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("a closed pipe is not noticed there");
        using var process = CommandProcess.Start(Endless("--stream"));
        await process.StandardOutput.ReadAsync(new char[1], cancellation);
        process.StandardOutput.Close();
        await process.WaitForExitAsync(cancellation);
        Assert.That((process.ExitCode, await process.StandardError.ReadToEndAsync(cancellation)), Is.EqualTo((0, "")));
    }

    [Test]
    public async Task Terminal_OneText_IsAnsweredPieceByPieceUntilControlC(CancellationToken cancellation)
    {
        using var process = CommandProcess.StartOnTerminal(Endless());
        var first = _model.Tokenizer.Decode(_model.Greedy(_model.Tokenizer.Encode("abcd"))).Trim()[0];
        var read = new char[1];
        while (read[0] != first) // sequences that set up the terminal come before it
            Assert.That(await process.StandardOutput.ReadAsync(read, cancellation), Is.EqualTo(1), "the output has not ended");
        await process.StandardInput.WriteAsync("\x03".AsMemory(), cancellation);
        await process.StandardInput.FlushAsync(cancellation);
        await process.WaitForExitAsync(cancellation);
        Assert.That(process.ExitCode, Is.EqualTo(130));
    }

    private string[] Endless(params string[] options)
        => ["generate", "--model", _model.Folder, "--device", "cpu", "--max-new-tokens", "1000000", "--eos-token-id", "none", .. options, "abcd"];

    private Process Start(params string[] arguments) => CommandProcess.Start(
        ["generate", "--model", _model.Folder, "--device", "cpu", "--max-new-tokens", $"{AnsweringModel.NewTokens}", "--eos-token-id", "none", .. arguments]);
}
