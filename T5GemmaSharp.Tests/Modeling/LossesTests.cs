using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class LossesTests
{
    private const double Tolerance = 1e-6;

    private static readonly double[,] Logits = { { 0.5, -1, 2 }, { 1.5, 0.25, -0.5 } };

    [Test]
    public void SequenceLoss_Regression_IsTheMeanSquare()
    {
        using var scope = NewDisposeScope();
        var (one, three) = (torch.tensor(new[,] { { 0.5f }, { 2f } }), Float(Logits));
        using (Assert.EnterMultipleScope())
        {
            AssertLoss(one, torch.tensor(new[] { 1f, 4f }), ProblemType.Regression, (0.25 + 4) / 2);
            AssertLoss(one, torch.tensor(new[,] { { 1f }, { 4f } }), ProblemType.Regression, (0.25 + 4) / 2);
            AssertLoss(three, torch.zeros(2, 3), ProblemType.Regression, (0.25 + 1 + 4 + 2.25 + 0.0625 + 0.25) / 6);
        }
    }

    [Test]
    public void SequenceLoss_SingleLabel_IsTheMeanCrossEntropyOfThoseThatCount()
    {
        using var scope = NewDisposeScope();
        var logits = Float(Logits);
        using (Assert.EnterMultipleScope())
        {
            AssertLoss(logits, torch.tensor(new[] { 2L, 0L }), ProblemType.SingleLabelClassification, (CrossEntropy(0, 2) + CrossEntropy(1, 0)) / 2);
            AssertLoss(logits, torch.tensor(new[,] { { 2L }, { 0L } }), ProblemType.SingleLabelClassification, (CrossEntropy(0, 2) + CrossEntropy(1, 0)) / 2);
            AssertLoss(logits, torch.tensor(new[] { -100L, 1L }), ProblemType.SingleLabelClassification, CrossEntropy(1, 1));
        }
    }

    [Test]
    public void SequenceLoss_MultiLabel_IsTheMeanBinaryCrossEntropy()
    {
        using var scope = NewDisposeScope();
        double[,] labels = { { 1, 0, 1 }, { 0, 0.5, 1 } };
        var expected = 0.0;
        foreach (var (x, y) in Logits.Cast<double>().Zip(labels.Cast<double>()))
            expected -= (y * Math.Log(Sigmoid(x)) + (1 - y) * Math.Log(1 - Sigmoid(x))) / 6;
        AssertLoss(Float(Logits), Float(labels), ProblemType.MultiLabelClassification, expected);
    }

    [Test]
    public void SequenceLoss_NoProblemType_IsInferredFromLabelsAndClasses()
    {
        using var scope = NewDisposeScope();
        var (one, three) = (torch.tensor(new[,] { { 0.5f }, { 2f } }), Float(Logits));
        var (values, classes, flags) = (torch.tensor(new[] { 1f, 4f }), torch.tensor(new[] { 2L, 0L }), torch.tensor(new[,] { { 1f, 0f, 1f }, { 0f, 0f, 1f } }));
        using (Assert.EnterMultipleScope())
        {
            AssertSame(one, values, ProblemType.Regression);
            AssertSame(three, classes, ProblemType.SingleLabelClassification);
            AssertSame(three, flags, ProblemType.MultiLabelClassification);
        }

        static void AssertSame(Tensor logits, Tensor labels, ProblemType type) => TensorAssert.Close(Losses.SequenceLoss(logits, labels, null), Losses.SequenceLoss(logits, labels, type), 0, $"{type}");
    }

    [Test]
    public void SequenceLoss_LabelsThatDoNotFit_SayWhatIsNeeded()
    {
        using var scope = NewDisposeScope();
        var logits = Float(Logits);
        using (Assert.EnterMultipleScope())
        {
            Refuses(torch.tensor(new[] { 1L, 2L }), ProblemType.Regression, "floating [2, 3], got Int64 [2]");
            Refuses(torch.zeros(3, 2), ProblemType.Regression, "floating [2, 3], got Float32 [3, 2]");
            Refuses(torch.zeros(3, 2), ProblemType.MultiLabelClassification, "floating [2, 3], got Float32 [3, 2]");
            Refuses(torch.zeros(6), ProblemType.MultiLabelClassification, "got Float32 [6]");
            Refuses(torch.zeros(2), ProblemType.MultiLabelClassification, "got Float32 [2]");
            Refuses(torch.zeros(2), ProblemType.SingleLabelClassification, "int64 [2], got Float32 [2]");
            Refuses(torch.tensor(new[] { 1L, 2L, 0L }), ProblemType.SingleLabelClassification, "int64 [2], got Int64 [3]");
            Refuses(torch.tensor(new[] { 1, 2 }), null, "int64 [2], got Int32 [2]");
            Assert.That(() => Losses.SequenceLoss(logits, torch.tensor(new[] { 1L, 3L }), null), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("expected 0 to 2").And.Message.Contains("got 3"));
            Assert.That(() => Losses.SequenceLoss(logits, torch.tensor(new[] { -1L, 2L }), null), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("got -1"));
        }

        void Refuses(Tensor labels, ProblemType? type, string message) =>
            Assert.That(() => Losses.SequenceLoss(logits, labels, type), Throws.ArgumentException.With.Message.Contains(message));
    }

    [Test]
    public void TokenCrossEntropy_MeanSumAndNothing_AsInTheReference()
    {
        using var scope = NewDisposeScope();
        var logits = Float(Logits).unsqueeze(0);
        var labels = torch.tensor(new[,] { { 2L, 0L } });
        var (first, second) = (CrossEntropy(0, 2), CrossEntropy(1, 0));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Loss(labels, null), Is.EqualTo((first + second) / 2).Within(Tolerance), "mean");
            Assert.That(Loss(torch.tensor(new[,] { { 2L, -100L } }), null), Is.EqualTo(first).Within(Tolerance), "mean of those that count");
            Assert.That(Loss(labels, 7), Is.EqualTo((first + second) / 7).Within(Tolerance), "sum over a larger batch's count");
            Assert.That(Loss(torch.full([1, 2], -100L), null), Is.NaN, "the mean of nothing");
            Assert.That(Loss(torch.full([1, 2], -100L), 7), Is.Zero, "the sum of nothing");
        }

        double Loss(Tensor targets, double? count) => Losses.TokenCrossEntropy(logits, targets, count).item<float>();
    }

    // torch.nn.functional.cross_entropy(logits, labels, label_smoothing=e), by its definition: the target has 1 - e, and all classes share e.
    [Test]
    public void LabelSmoothing_SpreadsOverAllClassesOfLabelsThatCount([Values(0, 0.1, 0.6)] double smoothing)
    {
        using var scope = NewDisposeScope();
        var logits = Float(Logits);
        var (first, second) = (Smooth(0, 2), Smooth(1, 0));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Losses.SequenceLoss(logits, torch.tensor(new[] { 2L, 0L }), ProblemType.SingleLabelClassification, smoothing).item<float>(), Is.EqualTo((first + second) / 2).Within(Tolerance), "texts");
            Assert.That(Tokens(2, 0, null), Is.EqualTo((first + second) / 2).Within(Tolerance), "mean");
            Assert.That(Tokens(2, 0, 7), Is.EqualTo((first + second) / 7).Within(Tolerance), "sum");
            Assert.That(Tokens(2, -100, null), Is.EqualTo(first).Within(Tolerance), "mean of those that count");
            Assert.That(Tokens(-100, 0, 1), Is.EqualTo(second).Within(Tolerance), "sum of those that count");
        }

        double Smooth(int row, int label) => ((1 - smoothing) * CrossEntropy(row, label)) + (smoothing * Enumerable.Range(0, 3).Average(other => CrossEntropy(row, other)));

        double Tokens(long label, long other, double? count) => Losses.TokenCrossEntropy(logits.unsqueeze(0), torch.tensor(new[,] { { label, other } }), count, smoothing).item<float>();
    }

    [Test]
    public void TokenCrossEntropy_BFloat16Logits_IsComputedInFloat32()
    {
        using var scope = NewDisposeScope();
        var logits = Float(Logits).unsqueeze(0).to(ScalarType.BFloat16); // all of them bf16 numbers
        var loss = Losses.TokenCrossEntropy(logits, torch.tensor(new[,] { { 2L, 0L } }), null);
        Assert.That(loss.dtype, Is.EqualTo(ScalarType.Float32));
        Assert.That(loss.item<float>(), Is.EqualTo((CrossEntropy(0, 2) + CrossEntropy(1, 0)) / 2).Within(Tolerance));
    }

    [Test]
    public void TokenCrossEntropy_LabelsThatDoNotFit_SayWhatIsNeeded()
    {
        using var scope = NewDisposeScope();
        var logits = torch.zeros(2, 4, 5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => Losses.TokenCrossEntropy(logits, torch.zeros([2, 3], dtype: ScalarType.Int64), null), Throws.ArgumentException.With.Message.EqualTo("labels: expected int64 [2, 4], got Int64 [2, 3]"));
            Assert.That(() => Losses.TokenCrossEntropy(logits, torch.zeros(2, 4), null), Throws.ArgumentException.With.Message.Contains("got Float32 [2, 4]"));
            Assert.That(() => Losses.TokenCrossEntropy(logits, torch.full([2, 4], 5L), null), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("expected 0 to 4"));
        }
    }

    private static void AssertLoss(Tensor logits, Tensor labels, ProblemType type, double expected) =>
        Assert.That(Losses.SequenceLoss(logits, labels, type).item<float>(), Is.EqualTo(expected).Within(Tolerance), $"{type}, labels [{string.Join(", ", labels.shape)}]");

    private static Tensor Float(double[,] values) => torch.tensor(values).to(ScalarType.Float32);

    private static double CrossEntropy(int row, int label)
    {
        var logits = Enumerable.Range(0, 3).Select(c => Logits[row, c]).ToArray();
        return Math.Log(logits.Sum(Math.Exp)) - logits[label];
    }

    private static double Sigmoid(double x) => 1 / (1 + Math.Exp(-x));
}
