using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Tasks;

public sealed class ClassificationTaskTests
{
    private static readonly ProblemType[] Problems = Enum.GetValues<ProblemType>();

    private static readonly int[] Eight = [.. Enumerable.Range(0, 8)];

    // The model computes a mean over all labels.
    [Test]
    public void Backward_Texts_SumsTheModelsOwnLossOverThem([ValueSource(nameof(Problems))] ProblemType problem, [Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        using var model = HeadSample.SequenceModel(problem, isEncoderDecoder);
        var task = new SequenceClassificationTask(model, HeadSample.Sequences(problem));
        var batch = (ClassificationBatch)task.Prepare(epoch: 0, Eight);
        var actual = task.Backward(batch, seed: 0);
        var gradient = model.Score.OutProj.weight!.grad!.clone(); // the head has a weight, and it has a gradient now
        model.zero_grad();
        var tensors = batch.To(CPU);
        var expected = model.call(new() { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask, Labels = tensors.Labels }).Loss! * 8; // labels are given
        expected.backward();
        Assert.Multiple(() =>
        {
            Assert.That(batch.Targets, Is.EqualTo(8));
            Assert.That(actual.ToDouble(), Is.EqualTo(expected.ToDouble()).Within(1e-4).Percent);
            TensorAssert.Close(gradient, model.Score.OutProj.weight!.grad!, 1e-5, "gradient");
        });
    }

    [Test]
    public void Backward_Tokens_SumsTheModelsOwnLossOverThoseWithALabel([Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        using var model = HeadSample.TokenModel(isEncoderDecoder);
        var task = new TokenClassificationTask(model, HeadSample.Tokens());
        var batch = (ClassificationBatch)task.Prepare(epoch: 0, Eight);
        var actual = task.Backward(batch, seed: 0);
        var tensors = batch.To(CPU);
        var labelled = tensors.Labels.ne(-100).sum().ToInt64();
        var expected = model.call(new() { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask, Labels = tensors.Labels }).Loss! * labelled; // labels are given
        Assert.Multiple(() =>
        {
            Assert.That(labelled, Is.GreaterThan(8).And.LessThan(tensors.Labels.numel()));
            Assert.That(batch.Targets, Is.EqualTo(labelled));
            Assert.That(actual.ToDouble(), Is.EqualTo(expected.ToDouble()).Within(1e-4).Percent);
        });
    }

    [Test]
    public void Backward_SmoothedLabels_SumsTheSmoothedCrossEntropy([Values] bool ofTokens, [Values] bool isEncoderDecoder, [Values] bool isSegmented)
    {
        using var scope = NewDisposeScope();
        const double Smoothing = 0.2;
        using var texts = HeadSample.SequenceModel(ProblemType.SingleLabelClassification, isEncoderDecoder);
        using var tokens = HeadSample.TokenModel(isEncoderDecoder);
        ITrainingTask task = ofTokens
            ? new TokenClassificationTask(tokens, HeadSample.Tokens(), Smoothing, isSegmented)
            : new SequenceClassificationTask(texts, HeadSample.Sequences(ProblemType.SingleLabelClassification), Smoothing, isSegmented);
        var batch = (ClassificationBatch)task.Prepare(epoch: 0, Eight);
        var actual = task.Backward(batch, seed: 0);
        var score = ofTokens ? tokens.Score.OutProj.weight! : texts.Score.OutProj.weight!;
        var gradient = score.grad!.clone();
        task.Model.zero_grad();
        var tensors = batch.To(CPU);
        var inputs = new T5GemmaInputs { InputIds = tensors.InputIds, AttentionMask = tensors.AttentionMask };
        var logits = ofTokens ? tokens.call(inputs).Logits : texts.call(inputs).Logits;
        var expected = nn.functional.cross_entropy(logits.flatten(0, -2), tensors.Labels.flatten(), ignore_index: -100, reduction: nn.Reduction.Sum, label_smoothing: Smoothing);
        expected.backward();
        Assert.Multiple(() =>
        {
            Assert.That(actual.ToDouble(), Is.EqualTo(expected.ToDouble()).Within(1e-4).Percent);
            TensorAssert.Close(gradient, score.grad!, 1e-5, "gradient");
        });
    }

    [TestCase(ProblemType.Regression, 0.1, "labelSmoothing: expected 0 for Regression, where no one class is right, got 0.1")]
    [TestCase(ProblemType.MultiLabelClassification, 0.1, "labelSmoothing: expected 0 for MultiLabelClassification")]
    [TestCase(ProblemType.SingleLabelClassification, 1, "labelSmoothing: expected 0 to below 1, got 1")]
    public void Constructor_SmoothingThatDoesNotSuit_IsRefused(ProblemType problem, double smoothing, string fault)
    {
        using var model = HeadSample.SequenceModel(problem, isEncoderDecoder: false);
        Assert.That(() => new SequenceClassificationTask(model, HeadSample.Sequences(problem), smoothing), Throws.ArgumentException.With.Message.StartsWith(fault));
    }

    // A head of texts on the decoder is left out: there, as in the reference, padding moves the place that the head reads.
    [TestCase(false, false)]
    [TestCase(true, false)]
    [TestCase(true, true)]
    public void Backward_OneByOne_GivesTheGradientsOfAllTogether(bool ofTokens, bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        var problem = ofTokens ? (ProblemType?)null : ProblemType.SingleLabelClassification;
        var (together, apart) = (HeadSample.Task(problem, isEncoderDecoder), HeadSample.Task(problem, isEncoderDecoder));
        using var first = together.Model;
        using var second = apart.Model;
        together.Backward(together.Prepare(epoch: 0, Eight), seed: 0);
        foreach (var index in Eight)
            apart.Backward(apart.Prepare(epoch: 0, [index]), seed: 0);
        Assert.Multiple(() =>
        {
            foreach (var (name, parameter) in first.named_parameters().Where(pair => pair.parameter.grad is not null))
            {
                var expected = parameter.grad!; // those without are left out
                var difference = (second.get_parameter(name)!.grad! - expected).norm().ToDouble();
                Assert.That(difference, Is.LessThanOrEqualTo(2e-5 * (expected.norm().ToDouble() + 1e-3)), name);
            }
        });
    }

    [Test]
    public void Run_SixteenTexts_LearnsThemByHeart([ValueSource(nameof(Problems))] ProblemType problem, [Values] bool isEncoderDecoder) => LearnsByHeart(problem, isEncoderDecoder);

    [Test]
    public void Run_TokensOfSixteenTexts_LearnsThemByHeart([Values] bool isEncoderDecoder) => LearnsByHeart(problem: null, isEncoderDecoder);

    [TestCase(ProblemType.SingleLabelClassification, new[] { 3 }, null, "expected classes from 0 to 2, got 3")]
    [TestCase(ProblemType.SingleLabelClassification, new[] { 0, 1 }, null, "expected one class, got 2")]
    [TestCase(ProblemType.SingleLabelClassification, new int[0], 1f, "got the number 1")]
    [TestCase(ProblemType.MultiLabelClassification, new[] { -1 }, null, "expected classes from 0 to 2, got -1")]
    [TestCase(ProblemType.Regression, new[] { 0 }, null, "expected a number and no class for regression, got 1 classes")]
    public void Prepare_OtherLabelThanTheModels_IsNamed(ProblemType problem, int[] classes, float? value, string fault)
    {
        using var model = HeadSample.SequenceModel(problem, isEncoderDecoder: false);
        var task = new SequenceClassificationTask(model, new ListSource<SequenceClassificationExample>([new([5, 6], classes, value)], example => example.InputIds.Length));
        Assert.That(() => task.Prepare(epoch: 0, [0]), Throws.ArgumentException.With.Message.Contains("examples[0]: ").And.Message.Contains(fault));
    }

    [TestCase(new[] { -100, 3 }, "expected classes from 0 to 2, got 3")]
    [TestCase(new[] { 1 }, "expected a label for each of 2 tokens, got 1")]
    public void Prepare_OtherTokenLabelsThanTheModels_AreNamed(int[] labels, string fault)
    {
        using var model = HeadSample.TokenModel(isEncoderDecoder: false);
        var task = new TokenClassificationTask(model, new ListSource<TokenClassificationExample>([new([5, 6], labels)], example => example.InputIds.Length));
        Assert.That(() => task.Prepare(epoch: 0, [0]), Throws.ArgumentException.With.Message.Contains("examples[0]: ").And.Message.Contains(fault));
    }

    [Test]
    public void Constructor_ModelWithoutAProblem_IsRefused()
    {
        using var unknown = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[4]);
        using var several = (T5GemmaForSequenceClassification)SampleModel.Random(ModelClass.All[4], SampleModel.Config.WithNumLabels(3) with { ProblemType = ProblemType.Regression });
        var examples = HeadSample.Sequences(ProblemType.Regression);
        Assert.Multiple(() =>
        {
            Assert.That(() => new SequenceClassificationTask(unknown, examples), Throws.ArgumentException.With.Message.Contains("problem_type"));
            Assert.That(() => new SequenceClassificationTask(several, examples), Throws.ArgumentException.With.Message.Contains("expected 1 class for regression, got 3"));
        });
    }

    private static void LearnsByHeart(ProblemType? problem, bool isEncoderDecoder)
    {
        var options = new TrainingOptions { Steps = 120, BatchSize = 16, MicroBatchSize = 8, LearningRate = 1e-2, WarmupSteps = 10, ReportSteps = 20 };
        var task = HeadSample.Task(problem, isEncoderDecoder);
        using var model = task.Model;
        using var optimizer = new AdamW(model.named_parameters(), options.Optimizer);
        var result = new Trainer(task, options).Run(optimizer);
        Assert.That(result.State.Reports[^1].Loss, Is.LessThan(0.05));
    }
}
