using NUnit.Framework;
using T5GemmaSharp.Training.Logging.Charts;

namespace T5GemmaSharp.Tests.Training.Logging;

public sealed class ChartAxisTests
{
    [TestCase(new[] { 0.2, 3.9 }, new[] { 0.0, 1, 2, 3, 4 })]
    [TestCase(new[] { -1.0, 1 }, new[] { -1, -0.5, 0, 0.5, 1 })]
    [TestCase(new[] { 2.0, 200_000 }, new[] { 1.0, 10, 100, 1_000, 10_000, 100_000, 1_000_000 })]
    public void ForValues_Ticks_AreRoundAndEncloseTheValues(double[] values, double[] expected)
    {
        var axis = ChartAxis.ForValues(values);
        Assert.Multiple(() =>
        {
            Assert.That(axis.Ticks, Is.EqualTo(expected).Within(1e-9));
            Assert.That(values.Select(axis.Place), Is.All.InRange(0, 1));
        });
    }

    [TestCase(0)]
    [TestCase(5)]
    [TestCase(1e-12)]
    public void ForValues_AllEqual_StandInTheMiddle(double value)
        => Assert.That(ChartAxis.ForValues([value, value]).Place(value), Is.EqualTo(0.5).Within(0.2));

    [Test]
    public void ForValues_EvenThoughFarApart_HasTicksFromZero() => Assert.That(ChartAxis.ForValues([1e-5, 1e-3], isEven: true).Ticks, Is.EqualTo(new[] { 0, 2e-4, 4e-4, 6e-4, 8e-4, 1e-3 }).Within(1e-12));

    [Test]
    public void ForSteps_Few_HasWholeTicks() => Assert.That(ChartAxis.ForSteps(3).Ticks, Is.EqualTo(new[] { 0.0, 1, 2, 3 }));

    [TestCase(0, "0")]
    [TestCase(0.25, "0.25")]
    [TestCase(1500, "1500")]
    [TestCase(20_000, "20k")]
    [TestCase(2_500_000, "2.5M")]
    [TestCase(-2e-4, "-2e-4")]
    public void Label_Value_IsShort(double value, string expected) => Assert.That(ChartAxis.Label(value), Is.EqualTo(expected));
}
