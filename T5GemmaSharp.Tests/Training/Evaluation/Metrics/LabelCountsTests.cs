using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class LabelCountsTests
{
    private static readonly Gen<string> Label = Gen.Char['a', 'd'].Select(letter => letter.ToString());

    private static readonly Gen<(string Predicted, string Expected)[]> Pairs = Gen.Select(Label, Label).Array[1, 30];

    [Test]
    public void Scores_ThreeLabels_AreTheHandMadeSums()
    {
        // a: 2 right of 2 predicted and 3 expected, P = 1, R = 2/3, F1 = 4/5; b: 1 of 2 and 2, all 1/2; c: 1 of 2 and 1, P = 1/2, R = 1, F1 = 2/3.
        var counts = Count(("a", "a"), ("a", "a"), ("b", "a"), ("b", "b"), ("c", "b"), ("c", "c"));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(counts.Accuracy, Is.EqualTo(4 / 6.0).Within(1e-12));
            AssertScores(counts.Scores(Averaging.Micro), 4 / 6.0, 4 / 6.0, 4 / 6.0);
            AssertScores(counts.Scores(Averaging.Macro), 2 / 3.0, 13 / 18.0, 59 / 90.0);    // (1+1/2+1/2)/3, (2/3+1/2+1)/3, (4/5+1/2+2/3)/3
            AssertScores(counts.Scores(Averaging.Weighted), 4.5 / 6, 4 / 6.0, 61 / 90.0); // (3+1+1/2)/6, (2+1+1)/6, (12/5+1+2/3)/6
            Assert.That(counts.MatthewsCorrelation, Is.EqualTo(12 / Math.Sqrt(24 * 22)).Within(1e-12)); // 4*6-(2*3+2*2+2*1), 36-(4+4+4), 36-(9+4+1)
        }
    }

    [Test]
    public void Scores_LabelThatIsNeverExpectedOrPredicted_CountsAsZero()
    {
        // a: P = 1, R = 1/3, F1 = 1/2; y is never predicted, x never expected: all 0, and x weighs nothing. Weights 3, 1 and 0.
        var counts = Count(("a", "a"), ("x", "a"), ("x", "a"), ("x", "y"));
        using (Assert.EnterMultipleScope())
        {
            AssertScores(counts.Scores(Averaging.Macro), 1 / 3.0, 1 / 9.0, 1 / 6.0);
            AssertScores(counts.Scores(Averaging.Weighted), 3 / 4.0, 1 / 4.0, 3 / 8.0);
        }
    }

    [Test]
    public void MatthewsCorrelation_TwoLabels_IsTheFormulaOfTheFourCounts()
    {
        // TP = 3, TN = 2, FP = 1, FN = 2: (3*2-1*2)/sqrt(4*5*3*4)
        var counts = Count(("1", "1"), ("1", "1"), ("1", "1"), ("0", "0"), ("0", "0"), ("1", "0"), ("0", "1"), ("0", "1"));
        Assert.That(counts.MatthewsCorrelation, Is.EqualTo(4 / Math.Sqrt(240)).Within(1e-12));
    }

    [Test]
    public void MatthewsCorrelation_OneLabelOnOneSide_IsZero()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Count(("a", "a"), ("a", "b")).MatthewsCorrelation, Is.Zero);
            Assert.That(Count(("a", "a"), ("b", "a")).MatthewsCorrelation, Is.Zero);
            Assert.That(Count(("a", "a")).MatthewsCorrelation, Is.Zero);
        }
    }

    [Test]
    public void Scores_NoExamples_AreZero()
    {
        var counts = new LabelCounts();
        using (Assert.EnterMultipleScope())
        {
            foreach (var averaging in Enum.GetValues<Averaging>())
                AssertScores(counts.Scores(averaging), 0, 0, 0);
            Assert.That(counts.Accuracy, Is.Zero);
            Assert.That(counts.MatthewsCorrelation, Is.Zero);
        }
    }

    [Test]
    public void Scores_AllRight_AreOne()
    {
        var counts = Count(("a", "a"), ("b", "b"), ("b", "b"));
        using (Assert.EnterMultipleScope())
        {
            foreach (var averaging in Enum.GetValues<Averaging>())
                AssertScores(counts.Scores(averaging), 1, 1, 1);
            Assert.That(counts.MatthewsCorrelation, Is.EqualTo(1).Within(1e-12));
        }
    }

    [Test]
    public void Scores_AnyPairs_AreWithinTheirBounds() => Pairs.Sample(pairs =>
    {
        var counts = Count(pairs);
        using (Assert.EnterMultipleScope())
        {
            foreach (var scores in Enum.GetValues<Averaging>().Select(counts.Scores))
                Assert.That(new[] { scores.Precision, scores.Recall, scores.F1 }, Is.All.InRange(0.0, 1 + 1e-12));
            Assert.That(counts.MatthewsCorrelation, Is.InRange(-1 - 1e-12, 1 + 1e-12));
            Assert.That(counts.Scores(Averaging.Weighted).Recall, Is.EqualTo(counts.Accuracy).Within(1e-12)); // an identity of the formulas
        }
    });

    [Test]
    public void Scores_PredictedAndExpectedExchanged_ExchangePrecisionAndRecall() => Pairs.Sample(pairs =>
    {
        var (counts, exchanged) = (Count(pairs), Count([.. pairs.Select(pair => (pair.Expected, pair.Predicted))]));
        var (scores, other) = (counts.Scores(Averaging.Macro), exchanged.Scores(Averaging.Macro));
        using (Assert.EnterMultipleScope())
        {
            AssertScores(other, scores.Recall, scores.Precision, scores.F1);
            Assert.That(exchanged.MatthewsCorrelation, Is.EqualTo(counts.MatthewsCorrelation).Within(1e-12));
        }
    });

    private static LabelCounts Count(params (string Predicted, string Expected)[] pairs)
    {
        var counts = new LabelCounts();
        foreach (var (predicted, expected) in pairs)
            counts.Add(predicted, expected);
        return counts;
    }

    private static void AssertScores(PrecisionRecallF1 scores, double precision, double recall, double f1)
        => Assert.That(new[] { scores.Precision, scores.Recall, scores.F1 }, Is.EqualTo(new[] { precision, recall, f1 }).Within(1e-12));
}
