using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Training.Generation;
using T5GemmaSharp.Training.Quantizing;

namespace T5GemmaSharp.Tests.Training.Commands;

[NonParallelizable] // the verb prints to the console
public sealed class QuantizeCommandTests
{
    private readonly AnsweringModel _model = new();
    private readonly ScratchFolder _folder = new();

    [OneTimeTearDown]
    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    [Test]
    public void Run_ModelAndData_WritesAFolderThatGeneratesAndTellsBothAccuracies([Values("int8", "int4-32")] string kind)
    {
        var (data, output) = (_folder[$"{kind}.jsonl"], _folder[kind]);
        File.WriteAllLines(data, ["{\"input\": \"a b\", \"target\": \"c d\"}", "{\"input\": \"d\", \"target\": \"a\"}"]);
        var run = CommandRun.Of("quantize", "--model", _model.Folder, "--quantize", kind, "--data", data, "--max-new-tokens", "5", "--out", output, "--device", "cpu", "--json");
        Assert.That(run.Code, Is.Zero, run.Errors);
        var report = JsonDocument.Parse(run.Output.Split('\n')[0]).RootElement;
        Assert.Multiple(() =>
        {
            Assert.That(run.Output, Does.EndWith($"{output}\n"));
            Assert.That(report.GetProperty("bytes_after").GetInt64(), Is.LessThan(report.GetProperty("bytes_before").GetInt64()));
            Assert.That(report.GetProperty("loss_after").GetDouble(), Is.Not.EqualTo(report.GetProperty("loss_before").GetDouble()));
            Assert.That(report.GetProperty("perplexity_after").GetDouble(), Is.EqualTo(Math.Exp(report.GetProperty("loss_after").GetDouble())).Within(1e-9));
            Assert.That(report.GetProperty("answers").GetInt32(), Is.EqualTo(2));
            Assert.That(report.GetProperty("weight_error_mean").GetDouble(), Is.InRange(1e-4, 0.2));
        });

        // The folder needs no option, and is the model that the option makes.
        var stored = Evaluate("--model", output);
        Assert.That($"{stored}", Is.EqualTo($"{Evaluate("--model", _model.Folder, "--quantize", kind)}"));
        Assert.That(stored.GetProperty("loss").GetDouble(), Is.EqualTo(report.GetProperty("loss_after").GetDouble()).Within(1e-6));
        Assert.That(CommandRun.Of("generate", "a b", "--model", output, "--max-new-tokens", "5", "--device", "cpu", "--verbose").Errors, Does.Contain($"decoding by Modules: the weights are {kind}"));

        var inspected = CommandRun.Of("inspect", output).Output;
        Assert.That(inspected, Does.Contain($"quantized: the decoder's matrices are stored as {kind}"));
        Assert.That(inspected, Does.Contain($"{_model.Model.parameters().Sum(parameter => parameter.numel()):N0} parameters"));
        var training = CommandRun.Of("train", "--model", output, "--data", data, "--out", _folder[$"{kind}-run"], "--steps", "1", "--batch-size", "2", "--device", "cpu");
        Assert.That(training.Code, Is.Not.Zero);
        Assert.That(training.Errors, Does.Contain($"expected weights that can be trained, got {kind}"));

        JsonElement Evaluate(params string[] arguments)
        {
            var evaluation = CommandRun.Of(["evaluate", .. arguments, "--data", data, "--device", "cpu", "--json"]);
            Assert.That(evaluation.Code, Is.Zero, evaluation.Errors);
            return JsonDocument.Parse(evaluation.Output).RootElement;
        }
    }

    [Test]
    public void Run_QuantizedModel_IsRefused()
    {
        var output = _folder["once"];
        Assert.That(CommandRun.Of("quantize", "--model", _model.Folder, "--quantize", "int8", "--out", output, "--device", "cpu").Code, Is.Zero);
        var again = CommandRun.Of("quantize", "--model", output, "--quantize", "int8", "--device", "cpu");
        Assert.That(again.Code, Is.Not.Zero);
        Assert.That(again.Errors, Does.Contain("expected weights that are not quantized, got int8"));
    }

    [Test]
    public void Run_DataAndSplit_IsRefused()
        => CommandRun.AssertRefused(CommandRun.Of("quantize", "--model", _model.Folder, "--quantize", "int8", "--data", "a.jsonl", "--split", "Test"), "--split: expected without --data");

    [Test]
    public void Of_Answers_CountsWhatTheyBeginWithAlike()
    {
        var agreement = AnswerAgreement.Of([[1, 2, 3], [4, 5, 6, 7], [8]], [[1, 2, 3], [4, 9, 6], [8, 1]]);
        Assert.That((agreement.Same, agreement.Common), Is.EqualTo((1 / 3d, 5 / 9d)));
    }
}
