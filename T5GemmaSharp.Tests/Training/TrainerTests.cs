using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Generation;
using T5GemmaSharp.Training.Logging;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training;

public sealed class TrainerTests
{
    [Test]
    public void Run_FewWords_LearnsThemByHeartAndReloadsTheSame()
    {
        using var model = TinyTask.CreateModel();
        var result = new Trainer(model, TinyTask.Options with { Steps = 300 }).Run(TinyTask.Examples);
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
                Assert.That(result.Reports[0].Loss, Is.GreaterThan(2));
                Assert.That(result.Reports[^1].Loss, Is.EqualTo(0).Within(0.05));
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
        new Trainer(first, TinyTask.Options with { Steps = 5 }).Run(TinyTask.Examples);
        using var second = TinyTask.CreateModel(dropout: 0.1);
        new Trainer(second, TinyTask.Options with { Steps = 5 }).Run(TinyTask.Examples);
        var largest = first.parameters().Zip(second.parameters(), (a, b) => (a - b).abs().max().item<float>()).Max();
        Assert.That(largest, Is.Zero);
    }

    [Test]
    public void Run_MoreSteps_LeavesNoMoreTensorsAlive()
    {
        using var model = TinyTask.CreateModel();
        var observer = new TensorCounter();
        new Trainer(model, TinyTask.Options with { Steps = 30 }).Run(TinyTask.Examples, evaluate: null, observer);
        // Fewer is possible: the collector may still find tensors of earlier tests.
        Assert.That(observer.Counts[5..], Is.All.LessThanOrEqualTo(observer.Counts[5]));
    }

    [Test]
    public void Run_LabelSmoothing_KeepsTheLossUp()
    {
        using var model = TinyTask.CreateModel();
        var result = new Trainer(model, TinyTask.Options with { Steps = 100, LabelSmoothing = 0.2 }).Run(TinyTask.Examples);
        // Even a perfect model pays for the spread: at least 0.8 ln(1 / 0.8) + 0.2 ln(V / 0.2) = 1.69.
        Assert.That(result.Reports[^1].Loss, Is.GreaterThan(1.69).And.LessThan(3));
    }

    [Test]
    public void Run_AskedToStop_FinishesTheStepAndSaysSo()
    {
        using var model = TinyTask.CreateModel();
        using var source = new CancellationTokenSource();
        var result = new Trainer(model, TinyTask.Options).Run(TinyTask.Examples, _ => throw new InvalidOperationException("no evaluation after an interruption"), new Stopper(source, 7), source.Token);
        Assert.That((result.Interrupted, result.Steps), Is.EqualTo((true, 7)));
    }

    [Test]
    public void Run_WeightsAreNotFinite_StopsAndNamesTheStep()
    {
        using var model = TinyTask.CreateModel();
        using (no_grad())
            model.parameters().First().fill_(float.NaN);
        Assert.That(() => new Trainer(model, TinyTask.Options).Run(TinyTask.Examples), Throws.TypeOf<TrainingDivergedException>().With.Message.Contains("step 2"));
    }

    [Test]
    public void Run_Evaluation_HappensAtIntervalsAndAtTheEnd()
    {
        using var model = TinyTask.CreateModel();
        var result = new Trainer(model, TinyTask.Options with { Steps = 7, EvaluationSteps = 3 }).Run(TinyTask.Examples, step => new EvaluationReport(step, 0, 0, 0, 0));
        Assert.That(result.Evaluations.Select(report => report.Step), Is.EqualTo(new[] { 3, 6, 7 }));
    }

    [Test]
    public void Constructor_ImpossibleSettings_NamesAll()
    {
        using var model = TinyTask.CreateModel();
        Assert.That(
            () => new Trainer(model, TinyTask.Options with { BatchSize = 0, LearningRate = double.NaN, LabelSmoothing = 1 }),
            Throws.ArgumentException.With.Message.Contains("BatchSize").And.Message.Contains("LearningRate").And.Message.Contains("LabelSmoothing"));
    }

    private static IEnumerable<string> Answers(T5GemmaForConditionalGeneration model, List<string> texts, int batchSize)
        => new TextGenerator(model, TinyTask.Recipe.Tokenizer, new GenerationConfig { MaxNewTokens = 8 }).AnswerAll(texts, batchSize).Select(text => text.Trim());

    private sealed class TensorCounter : ITrainingObserver
    {
        public List<long> Counts { get; } = [];

        public void OnStep(int step) => Counts.Add(LiveTensors.Count);

        public void OnReport(StepReport report)
        {
        }

        public void OnEvaluation(EvaluationReport report)
        {
        }
    }

    private sealed class Stopper(CancellationTokenSource source, int step) : ITrainingObserver
    {
        public void OnStep(int done)
        {
            if (done == step)
                source.Cancel();
        }

        public void OnReport(StepReport report)
        {
        }

        public void OnEvaluation(EvaluationReport report)
        {
        }
    }
}
