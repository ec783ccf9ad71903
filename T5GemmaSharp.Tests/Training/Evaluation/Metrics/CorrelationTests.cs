using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

public sealed class CorrelationTests
{
    private static readonly Gen<(double First, double Second)[]> Pairs = Gen.Select(Gen.Int[0, 9], Gen.Int[0, 9], (first, second) => ((double)first, (double)second)).Array[2, 20];

    [Test]
    public void Pearson_FourPairs_IsTheHandMadeSum()
    {
        // Deviations -1.5, -0.5, 0.5, 1.5 and -1.75, 0.25, -0.75, 2.25: products 2.625-0.125-0.375+3.375 = 5.5, squares 5 and 8.75.
        Assert.That(Correlation.Pearson([1, 2, 3, 4], [1, 3, 2, 5]), Is.EqualTo(5.5 / Math.Sqrt(5 * 8.75)).Within(1e-12));
    }

    [Test]
    public void Spearman_NoTies_IsTheFormulaOfTheRankDifferences() // the differences are 0, -1, 1, 0: 1 - 6*2/(4*(16-1))
        => Assert.That(Correlation.Spearman([1, 2, 3, 4], [1, 30, 2, 500]), Is.EqualTo(0.8).Within(1e-12));

    [Test]
    public void Spearman_Ties_TakesMeanRanks()
    {
        // Ranks 1, 2.5, 2.5, 4 and 1, 2, 3, 4; deviations -1.5, 0, 0, 1.5 and -1.5, -0.5, 0.5, 1.5: products 4.5, squares 4.5 and 5.
        Assert.That(Correlation.Spearman([1, 2, 2, 3], [1, 2, 3, 4]), Is.EqualTo(4.5 / Math.Sqrt(4.5 * 5)).Within(1e-12));
    }

    [TestCase(new double[] { 30, 10, 20 }, new double[] { 3, 1, 2 })]
    [TestCase(new double[] { 10, 20, 20, 30 }, new[] { 1, 2.5, 2.5, 4 })]
    [TestCase(new double[] { 5, 5, 5 }, new double[] { 2, 2, 2 })]
    [TestCase(new double[] { 2, 1, 2, 1 }, new[] { 3.5, 1.5, 3.5, 1.5 })]
    [TestCase(new double[] { 7 }, new double[] { 1 })]
    [TestCase(new double[] { }, new double[] { })]
    public void Ranks_Ties_ShareTheirMean(double[] values, double[] expected)
        => Assert.That(Correlation.Ranks(values), Is.EqualTo(expected));

    [TestCase(new double[] { }, new double[] { })]
    [TestCase(new double[] { 1 }, new double[] { 2 })]
    [TestCase(new[] { 0.1, 0.1, 0.1 }, new double[] { 1, 2, 3 })] // their mean is not 0.1 in floating point
    [TestCase(new double[] { 1, 2, 3 }, new[] { 0.1, 0.1, 0.1 })]
    public void Coefficients_Undefined_AreZero(double[] first, double[] second)
        => Assert.That((Correlation.Pearson(first, second), Correlation.Spearman(first, second)), Is.EqualTo((0.0, 0.0)));

    [Test]
    public void Coefficients_StraightLines_AreOneAndMinusOne()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Correlation.Pearson([0.1, 0.2, 0.4], [1.1, 1.2, 1.4]), Is.EqualTo(1).Within(1e-12));
            Assert.That(Correlation.Spearman([1, 2, 3], [9, 8, -7]), Is.EqualTo(-1).Within(1e-12));
        }
    }

    [Test]
    public void Coefficients_DifferentLengths_Throw()
        => Assert.That(() => Correlation.Spearman([1, 2], [1]), Throws.ArgumentException.With.Message.Contains("expected 2").And.Message.Contains("got 1"));

    [Test]
    public void Pearson_LinearMap_ChangesOnlyTheSign() => Pairs.Sample(pairs =>
    {
        var (first, second) = Split(pairs);
        var coefficient = Correlation.Pearson(first, second);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(coefficient, Is.InRange(-1.0, 1.0));
            Assert.That(Correlation.Pearson(second, first), Is.EqualTo(coefficient).Within(1e-12));
            Assert.That(Correlation.Pearson([.. first.Select(value => 7 - (3 * value))], second), Is.EqualTo(-coefficient).Within(1e-9));
        }
    });

    [Test]
    public void Spearman_RisingMap_ChangesNothing() => Pairs.Sample(pairs =>
    {
        var (first, second) = Split(pairs);
        Assert.That(Correlation.Spearman([.. first.Select(Math.Exp)], second), Is.EqualTo(Correlation.Spearman(first, second)));
    });

    private static (double[] First, double[] Second) Split((double First, double Second)[] pairs)
        => ([.. pairs.Select(pair => pair.First)], [.. pairs.Select(pair => pair.Second)]);
}
