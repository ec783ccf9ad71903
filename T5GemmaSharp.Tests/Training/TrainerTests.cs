using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Generation;
using T5GemmaSharp.Training.Losses;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training;

public sealed class TrainerTests
{
    [Test]
    public void Run_FewWords_LearnsThemByHeartAndReloadsTheSame()
    {
        using var model = TinyTask.CreateModel();
        var result = TinyTask.Train(model, TinyTask.Options with { Steps = 300 });
        model.eval();
        var texts = TinyTask.Words.Select(entry => entry.Word).ToList();
        var answers = Answers(model, texts, batchSize: 5);

        var folder = Directory.CreateTempSubdirectory("trainer-").FullName;
        try
        {
            model.SavePretrained(folder);
            using var reloaded = T5GemmaForConditionalGeneration.FromPretrained(folder);
            var again = Answers(reloaded, texts, batchSize: 16);
            Assert.Multiple(() =>
            {
                Assert.That(result.State.Reports[0].Loss, Is.GreaterThan(2));
                Assert.That(result.State.Reports[^1].Loss, Is.EqualTo(0).Within(0.05));
                Assert.That(answers, Is.EqualTo(TinyTask.Words.Select(entry => entry.Pronunciations[0])));
                Assert.That(again, Is.EqualTo(answers));
            });
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Test]
    public void Run_SameSeed_GivesTheSameWeightsBitForBit()
    {
        using var scope = NewDisposeScope();
        using var first = TinyTask.CreateModel(dropout: 0.1);
        TinyTask.Train(first, TinyTask.Options with { Steps = 5 });
        using var second = TinyTask.CreateModel(dropout: 0.1);
        TinyTask.Train(second, TinyTask.Options with { Steps = 5 });
        var largest = first.parameters().Zip(second.parameters(), (a, b) => (a - b).abs().max().item<float>()).Max();
        Assert.That(largest, Is.Zero);
    }

    [Test]
    public void Run_MoreSteps_LeavesNoMoreTensorsAlive()
    {
        using var model = TinyTask.CreateModel();
        var counts = new List<long>();
        TinyTask.Train(model, TinyTask.Options with { Steps = 30 }, new TrainingHooks { Observer = new StepObserver(_ => counts.Add(LiveTensors.Count)) });
        // Fewer is possible: the collector may still find tensors of earlier tests.
        Assert.That(counts[5..], Is.All.LessThanOrEqualTo(counts[5]));
    }

    [Test]
    public void Run_LabelSmoothing_KeepsTheLossUp()
    {
        using var model = TinyTask.CreateModel();
        var result = TinyTask.Train(model, TinyTask.Options with { Steps = 100 }, loss: new TokenLossOptions { LabelSmoothing = 0.2 });
        // Even a perfect model pays for the spread: at least 0.8 ln(1 / 0.8) + 0.2 ln(V / 0.2) = 1.69.
        Assert.That(result.State.Reports[^1].Loss, Is.GreaterThan(1.69).And.LessThan(3));
    }

    [TestCase(1)]
    [TestCase(3)]
    public void Run_InMicroBatches_TakesTheSameStepsAsWhole(int size)
    {
        using var whole = TinyTask.CreateModel();
        var expected = TinyTask.Train(whole, TinyTask.Options with { Steps = 20, ReportSteps = 1 });
        using var parts = TinyTask.CreateModel();
        var actual = TinyTask.Train(parts, TinyTask.Options with { Steps = 20, ReportSteps = 1, MicroBatchSize = size });
        Assert.Multiple(() =>
        {
            foreach (var (there, here) in expected.State.Reports.Zip(actual.State.Reports))
            {
                Assert.That(here.Loss, Is.EqualTo(there.Loss).Within(1e-4).Percent, $"loss of step {here.Step}");
                Assert.That(here.GradientNorm, Is.EqualTo(there.GradientNorm).Within(1e-2).Percent, $"norm of step {here.Step}");
            }
        });
    }

    [Test]
    public void Run_BFloat16_LearnsAsWellAsFloat32()
    {
        using var exact = TinyTask.CreateModel();
        using var half = TinyTask.CreateModel();
        half.to(ScalarType.BFloat16);
        var options = TinyTask.Options with { Steps = 200, LearningRate = 3e-3 };
        var (expected, actual) = (TinyTask.Train(exact, options), TinyTask.Train(half, options));
        Assert.That(actual.State.Reports[^1].Loss, Is.EqualTo(expected.State.Reports[^1].Loss).Within(0.05));
    }

    [Test]
    public void Run_AskedToStop_FinishesTheStepAndSaysSo()
    {
        using var model = TinyTask.CreateModel();
        using var source = new CancellationTokenSource();
        var result = TinyTask.Train(
            model,
            TinyTask.Options,
            new TrainingHooks { Evaluate = _ => throw new InvalidOperationException("no evaluation after an interruption"), Observer = new StepObserver(StopAfter7) },
            cancellation: source.Token);
        Assert.That((result.Interrupted, result.State.Step), Is.EqualTo((true, 7)));

        void StopAfter7(int step)
        {
            if (step == 7)
                source.Cancel();
        }
    }

    [Test]
    public void Run_WeightsAreNotFinite_StopsAndNamesTheStep()
    {
        using var model = TinyTask.CreateModel();
        using (no_grad())
            model.parameters().First().fill_(float.NaN);
        Assert.That(() => TinyTask.Train(model, TinyTask.Options), Throws.TypeOf<TrainingDivergedException>().With.Message.Contains("step 2"));
    }

    [Test]
    public void Run_Evaluation_HappensAtIntervalsAndAtTheEnd()
    {
        using var model = TinyTask.CreateModel();
        var result = TinyTask.Train(model, TinyTask.Options with { Steps = 7, EvaluationSteps = 3 }, new TrainingHooks { Evaluate = step => new EvaluationReport(step, new Dictionary<string, double>()) });
        Assert.That(result.State.Evaluations.Select(report => report.Step), Is.EqualTo(new[] { 3, 6, 7 }));
    }

    [TestCase(false, new[] { 3.0, 2.0, 2.5, 1.95, 1.0 }, 2, 0.1, 4, TestName = "Run_EvaluationsDoNotImprove_StopsEarly(loss)")]
    [TestCase(true, new[] { 3.0, 4.0, double.NaN, 4.0, 9.0 }, 1, 0.0, 3, TestName = "Run_EvaluationsDoNotImprove_StopsEarly(greater is better)")]
    public void Run_EvaluationsDoNotImprove_StopsEarly(bool greaterIsBetter, double[] values, int patience, double threshold, int expectedEvaluations)
    {
        using var model = TinyTask.CreateModel();
        var kept = new List<int>();
        var options = TinyTask.Options with
        {
            EvaluationSteps = 1,
            Stopping = new StoppingOptions { Metric = "quality", GreaterIsBetter = greaterIsBetter, Patience = patience, Threshold = threshold, KeepsBest = true },
        };
        var result = TinyTask.Train(model, options, new TrainingHooks
        {
            Evaluate = step => new EvaluationReport(step, new Dictionary<string, double> { ["quality"] = values[step - 1] }),
            Checkpoint = (state, _) => kept.Add(state.Step),
        });
        Assert.Multiple(() =>
        {
            Assert.That((result.Ending, result.State.Evaluations.Count), Is.EqualTo((TrainingEnding.StoppedEarly, expectedEvaluations)));
            Assert.That((result.State.Best, kept), Is.EqualTo((new BestEvaluation(2, values[1]), new List<int> { 1, 2 })));
        });
    }

    [Test]
    public void Run_UnknownMetric_NamesThoseThatThereAre()
    {
        using var model = TinyTask.CreateModel();
        Assert.That(
            () => TinyTask.Train(
                model,
                TinyTask.Options with { EvaluationSteps = 1, Stopping = new StoppingOptions { Metric = "bleu" } },
                new TrainingHooks { Evaluate = step => new EvaluationReport(step, new Dictionary<string, double> { ["loss"] = 1 }) }),
            Throws.ArgumentException.With.Message.Contains("expected one of loss, got bleu"));
    }

    [Test]
    public void Constructor_ImpossibleSettings_NamesAll()
    {
        using var model = TinyTask.CreateModel();
        Assert.That(
            () => TinyTask.Train(model, TinyTask.Options with { BatchSize = 0, LearningRate = double.NaN, MicroBatchTokens = 0 }),
            Throws.ArgumentException.With.Message.Contains("BatchSize").And.Message.Contains("LearningRate").And.Message.Contains("MicroBatchTokens"));
        Assert.That(
            () => TinyTask.Train(model, TinyTask.Options, loss: new TokenLossOptions { LabelSmoothing = 1, ZLoss = -1, ChunkSize = 0 }),
            Throws.ArgumentException.With.Message.Contains("LabelSmoothing").And.Message.Contains("ZLoss").And.Message.Contains("ChunkSize"));
    }

    private static IEnumerable<string> Answers(T5GemmaForConditionalGeneration model, List<string> texts, int batchSize)
        => new TextGenerator(model, TinyTask.Recipe.Tokenizer, new GenerationConfig { MaxNewTokens = 8 }).AnswerAll(texts, batchSize).Select(text => text.Trim());
}
