using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class BleuMetricTests
{
    [Test]
    public void Compute_OneWordWrong_IsTheMeanOfThePrecisions()
        => Assert.That(Bleu(("a b c d e", ["a b c d f"])), Is.EqualTo(100 * Root(4 / 5.0 * (3 / 4.0) * (2 / 3.0) * (1 / 2.0))).Within(1e-9));

    [Test]
    public void Compute_ShortPrediction_IsPenalized() // all precisions are 1
        => Assert.That(Bleu(("a b c d", ["a b c d e"])), Is.EqualTo(100 * Math.Exp(1 - (5 / 4.0))).Within(1e-9));

    [Test]
    public void Compute_LongPrediction_IsNotPenalized() // 4/5, 3/4, 2/3, 1/2
        => Assert.That(Bleu(("a b c d e", ["a b c d"])), Is.EqualTo(100 * Root(1 / 5.0)).Within(1e-9));

    [Test]
    public void Compute_OrdersWithoutAMatch_CountHalfAndAQuarter() // 2/5, 1/4, (1/2)/3, (1/4)/2
        => Assert.That(Bleu(("a b x y z", ["a b c d e"])), Is.EqualTo(100 * Root(2 / 5.0 * (1 / 4.0) * (1 / 6.0) * (1 / 8.0))).Within(1e-9));

    [Test]
    public void Compute_RepeatedWord_CountsAsOftenAsInTheReference() // 1/4, then halves, quarters and eighths of 3, 2 and 1
        => Assert.That(Bleu(("a a a a", ["a b"])), Is.EqualTo(100 * Root(1 / 4.0 * (1 / 6.0) * (1 / 8.0) * (1 / 8.0))).Within(1e-9));

    [Test]
    public void Compute_TwoReferences_TakesRunsOfBothAndTheNearerLength()
    {
        // Words 6/6; pairs ab, cd, de, ef of 5; cde, def of 4; cdef of 3. Lengths 4 and 8 are equally near to 6: the shorter counts, no penalty.
        Assert.That(Bleu(("a b c d e f", ["a b x d", "c d e f g h i j"])), Is.EqualTo(100 * Root(4 / 5.0 * (2 / 4.0) * (1 / 3.0))).Within(1e-9));
    }

    [Test]
    public void Compute_TwoReferences_CountsARunAsOftenAsOneReferenceHasIt()
    {
        // "a" stands once in one reference and twice in the other: 2 of the 4 count, not 3. Pairs: aa of 3; then smoothed: (1/2)/2, (1/4)/1.
        Assert.That(Bleu(("a a a a", ["a x y z", "a a y z"])), Is.EqualTo(100 * Root(2 / 4.0 * (1 / 3.0) * (1 / 4.0) * (1 / 4.0))).Within(1e-9));
    }

    [Test]
    public void Compute_TwoSegments_AddsCountsAndLengths()
    {
        // Matches 4+1, 3, 2, 1 of 4+2, 3+1, 2, 1; lengths 6 and 4+4.
        var expected = 100 * Math.Exp(1 - (8 / 6.0)) * Root(5 / 6.0 * (3 / 4.0));
        Assert.That(Bleu(("a b c d", ["a b c d"]), ("x y", ["x z z z"])), Is.EqualTo(expected).Within(1e-9));
    }

    [TestCase("a b c d e", "v w x y z")] // nothing matches
    [TestCase("a b c", "a b c")]         // no run of four
    [TestCase("", "a b c d")]
    [TestCase("a b c d", "")]
    [TestCase("", "")]
    public void Compute_NoMatchOrNoRunOfFour_IsZero(string prediction, string reference)
        => Assert.That(Bleu((prediction, [reference])), Is.Zero);

    [Test]
    public void Compute_Nothing_IsZero()
        => Assert.That(new BleuMetric().Compute(), Is.EqualTo(new MetricValue[] { new("bleu", 0) }));

    [Test]
    public void Compute_CaseAndPunctuation_Count() // "the dog barks ." and "The dog barks .": 3/4, 2/3, 1/2, (1/2)/1
        => Assert.That(Bleu(("the dog barks.", ["The dog barks."])), Is.EqualTo(100 * Root(3 / 4.0 * (2 / 3.0) * (1 / 2.0) * (1 / 2.0))).Within(1e-9));

    [Test]
    public void Compute_EmptyReferenceBesideAnother_IsLeftOut() // its length 0 would be nearer to 2 than 5
        => Assert.That(Bleu(("a b c d", ["a b c d e f g h i j", ""])), Is.EqualTo(100 * Math.Exp(1 - (10 / 4.0))).Within(1e-9));

    [Test]
    public void Signature_CountsReferences()
    {
        var metric = new BleuMetric();
        metric.Add("a", ["a", "b"]);
        var two = metric.Signature;
        metric.Add("a", ["a"]);
        Assert.That((two, metric.Signature), Is.EqualTo(("nrefs:2|case:mixed|eff:no|tok:13a|smooth:exp", "nrefs:var|case:mixed|eff:no|tok:13a|smooth:exp")));
    }

    private static double Root(double product) => Math.Pow(product, 1 / 4.0);

    private static double Bleu(params (string Prediction, string[] References)[] examples)
    {
        var metric = new BleuMetric();
        foreach (var (prediction, references) in examples)
            metric.Add(prediction, references);
        return metric.Compute().Single().Value;
    }
}
