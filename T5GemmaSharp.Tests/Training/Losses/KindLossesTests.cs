using NUnit.Framework;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using static TorchSharp.torch;
using Trainer = T5GemmaSharp.Training.Trainer;

namespace T5GemmaSharp.Tests.Training.Losses;

public sealed class KindLossesTests
{
    private static readonly string[] Names = ["even", "odd", "none"];

    private static readonly IReadOnlyList<Seq2SeqExample> Examples = [.. TinyTask.Examples.Select((example, index) => example with { Kind = index % 2 })];

    [Test]
    public void Backward_WithKinds_HasTheSameGradientsBitForBit([Values] bool isSegmented, [Values(0, 0.1)] double smoothing, [Values(0, 1e-2)] double zLoss)
    {
        using var scope = NewDisposeScope();
        using var model = TinyTask.CreateModel(dropout: 0.1);
        model.train();
        var options = new TokenLossOptions { LabelSmoothing = smoothing, ZLoss = zLoss, ChunkSize = 7 };
        var plain = new Seq2SeqTask(model, new Seq2SeqExamples(Examples), options, isSegmented);
        var expectedLoss = plain.Backward(plain.Prepare(epoch: 0, [0, 1, 2, 3, 4]), seed: 5).item<float>();
        var expected = model.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.clone());
        model.zero_grad();

        using var kinds = new KindLosses(Names, CPU);
        var told = new Seq2SeqTask(model, new Seq2SeqExamples(Examples), options, isSegmented, kindLosses: kinds);
        var loss = told.Backward(told.Prepare(epoch: 0, [0, 1, 2, 3, 4]), seed: 5).item<float>();
        Assert.Multiple(() =>
        {
            Assert.That(loss, Is.EqualTo(expectedLoss).Within(1e-4).Percent); // a sum in another order
            foreach (var (name, parameter) in model.named_parameters())
                Assert.That(parameter.grad!.Equals(expected[name]), Is.True, name);
        });
    }

    [Test]
    public void TakeLossByKind_SeveralMicroBatches_IsTheAverageOfEachKindsTargets()
    {
        using var scope = NewDisposeScope();
        using var model = TinyTask.CreateModel();
        using var kinds = new KindLosses(Names, CPU);
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(Examples), new TokenLossOptions { ChunkSize = 5 }, isSegmented: false, kindLosses: kinds);
        foreach (var part in new[] { new[] { 0, 1, 2 }, [3, 4] })
            task.Backward(task.Prepare(epoch: 0, part), seed: 0);
        var taken = task.TakeLossByKind();
        Assert.That(taken.Keys, Is.EqualTo(new[] { "even", "odd" }));
        Assert.That(taken["even"], Is.EqualTo(Average(model, [0, 2, 4])).Within(1e-3).Percent);
        Assert.That(taken["odd"], Is.EqualTo(Average(model, [1, 3])).Within(1e-3).Percent);
        Assert.That(task.TakeLossByKind(), Is.Empty, "taken once");
    }

    [Test]
    public void Backward_WithKinds_LeavesNoTensors()
    {
        using var model = TinyTask.CreateModel();
        using var kinds = new KindLosses(Names, CPU);
        var task = new Seq2SeqTask(model, new Seq2SeqExamples(Examples), kindLosses: kinds);
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            task.Backward(task.Prepare(epoch: 0, [0, 1, 2]), seed: 0);
            model.zero_grad();
            task.TakeLossByKind();
        });
    }

    [Test]
    public void Run_WithKinds_ReportsThem()
    {
        using var model = TinyTask.CreateModel();
        using var kinds = new KindLosses(Names, CPU);
        var options = TinyTask.Options with { Steps = 4, WarmupSteps = 0, BatchSize = Examples.Count, ReportSteps = 2 };
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        var reports = new Trainer(new Seq2SeqTask(model, new Seq2SeqExamples(Examples), kindLosses: kinds), options).Run(optimizer).State.Reports;
        double even = Targets(0), odd = Targets(1); // of every step, which has all examples
        foreach (var report in reports)
            Assert.That(((even * report.LossByKind["even"]) + (odd * report.LossByKind["odd"])) / (even + odd), Is.EqualTo(report.Loss).Within(1e-3).Percent);

        static int Targets(int kind) => Examples.Where(example => example.Kind == kind).Sum(example => example.Labels.Length);
    }

    /// <summary>From logits of the whole model, example by example.</summary>
    private static double Average(T5GemmaForConditionalGeneration model, int[] indices)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (sum, count) = (0.0, 0);
        foreach (var example in indices.Select(index => Examples[index]))
        {
            var labels = tensor(example.Labels.Select(label => (long)label).ToArray()).unsqueeze(0);
            var logits = model.call(new() { InputIds = tensor(example.InputIds.Select(id => (long)id).ToArray()).unsqueeze(0), Labels = labels }).Logits;
            sum -= logits.log_softmax(-1).gather(2, labels.unsqueeze(2)).sum().item<float>();
            count += example.Labels.Length;
        }

        return sum / count;
    }
}
