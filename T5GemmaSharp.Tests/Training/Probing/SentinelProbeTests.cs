using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Training.Commands;
using T5GemmaSharp.Tests.Training.Finetuning;
using T5GemmaSharp.Tests.Training.Objectives;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Probing;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Tests.Training.Probing;

[NonParallelizable] // the verb prints to the console
public sealed class SentinelProbeTests
{
    private static readonly string[] Text = [.. Enumerable.Range(0, 12).SelectMany(index => new[] { $"a b c d {new string((char)('a' + (index % 4)), 5)} d c b a", "" })];

    private readonly FinetuningModel _model = new();

    [OneTimeTearDown]
    public void DisposeModel() => _model.Dispose();

    [TestCase("unused ascending", false)]
    [TestCase("unused descending", true)]
    [TestCase("vocabulary end descending", true)]
    [TestCase("mask", false)]
    public void Run_ModelThatKnowsOneConvention_HasItsMinimumThere(string name, bool hasModes)
    {
        var data = _model.Write("text.txt", Text);
        Train(SentinelConvention.All(UnusedTokenTokenizer.Instance).Single(convention => (convention.Name, convention.HasModes) == (name, hasModes)));
        var run = CommandRun.Of("sentinel-probe", "--model", _model.Run, "--data", data, "--max-length", "24", "--device", "cpu", "--json");
        Assert.That((run.Code, run.Errors), Is.EqualTo((0, "")));
        var report = JsonDocument.Parse(run.Output).RootElement;
        var scores = report.GetProperty("conventions").EnumerateArray().Select(score => (Name: score.GetProperty("name").GetString(), Modes: score.GetProperty("modes").GetBoolean(), Loss: score.GetProperty("nll").GetDouble())).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(scores, Has.Count.EqualTo(8));
            Assert.That((scores[0].Name, scores[0].Modes), Is.EqualTo((name, hasModes)));
            Assert.That(scores.Select(score => score.Loss), Is.Ordered);
            Assert.That(scores.First(score => score.Name != name).Loss, Is.GreaterThan(scores[0].Loss + 0.5));
            Assert.That(report.GetProperty("passages").GetInt32(), Is.GreaterThan(5));
        });
    }

    [Test]
    public void Rename_Example_ChangesTheMarksOnly()
    {
        var example = new Seq2SeqExample([2, 104, 300, 7, 301, 8], [7, 302, 8, 303, 1]);
        var last = UnusedTokenTokenizer.Instance.VocabularySize - 1;
        var renamed = SentinelConvention.All(UnusedTokenTokenizer.Instance).ToDictionary(convention => (convention.Name, convention.HasModes), convention => convention.Rename(example));
        Assert.Multiple(() =>
        {
            Assert.That(renamed[("unused ascending", true)], Is.EqualTo(example).Using<Seq2SeqExample>(AreEqual));
            Assert.That(renamed[("unused ascending", false)], Is.EqualTo(new Seq2SeqExample([2, 300, 7, 301, 8], example.Labels)).Using<Seq2SeqExample>(AreEqual));
            Assert.That(renamed[("unused descending", false)], Is.EqualTo(new Seq2SeqExample([2, 300, 105, 301, 104], [105, 302, 104, 303, 1])).Using<Seq2SeqExample>(AreEqual));
            Assert.That(renamed[("unused descending", true)], Is.EqualTo(new Seq2SeqExample([2, 104, 300, 102, 301, 101], [102, 302, 101, 303, 1])).Using<Seq2SeqExample>(AreEqual));
            Assert.That(renamed[("vocabulary end descending", false)].Labels, Is.EqualTo(new[] { last, 302, last - 1, 303, 1 }));
            Assert.That(renamed[("mask", true)].InputIds, Is.EqualTo(new[] { 2, 104, 300, 4, 301, 4 }));
        });

        static bool AreEqual(Seq2SeqExample one, Seq2SeqExample other) => one.InputIds.SequenceEqual(other.InputIds) && one.Labels.SequenceEqual(other.Labels);
    }

    [Test]
    public void Run_ForAPerson_ListsTheConventionsInOrder()
    {
        var run = CommandRun.Of("sentinel-probe", "--model", _model.Folder, "--data", _model.Write("text.txt", Text), "--passages", "3", "--max-length", "24", "--device", "cpu");
        Assert.That(run.Output, Does.StartWith("3 passages, ").And.Contain("mask, with mode tokens"), run.Errors);
        Assert.That(run.Output.TrimEnd().Split('\n'), Has.Length.EqualTo(9));
    }

    [TestCase("--mixture", "t6")]
    [TestCase("--passages", "0")]
    [TestCase("--max-length", "1")]
    public void Run_WrongOption_IsRefused(params string[] options)
        => CommandRun.AssertRefused(CommandRun.Of(["sentinel-probe", "--model", _model.Folder, "--data", _model.Write("text.txt", Text), "--device", "cpu", .. options]), "");

    /// <summary>Trains a model on other corruptions of the text, in a convention.</summary>
    private void Train(SentinelConvention convention)
    {
        var tokenizer = UnusedTokenTokenizer.Instance;
        using var model = T5GemmaForConditionalGeneration.FromPretrained(_model.Folder);
        TorchSharp.torch.manual_seed(1);
        SampleModel.Randomize(model);
        var options = new TrainingOptions { Steps = 60, BatchSize = 8, LearningRate = 0.02, Seed = 9 };
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        var examples = SentinelProbe.Passages(tokenizer, new SentinelProbeRequest { Data = [_model.Write("text.txt", Text)], Length = 24, Seed = 9 }, CancellationToken.None);
        new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples([.. examples.Select(convention.Rename)])), options).Run(optimizer);
        Directory.CreateDirectory(_model.Run);
        model.SavePretrained(_model.Run);
        tokenizer.SavePretrained(_model.Run);
    }
}
