using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Tests.Training.Data.Files;

public sealed class LengthCountsTests
{
    [TestCase(0, 1)]
    [TestCase(0.2, 1)]
    [TestCase(0.21, 2)]
    [TestCase(0.5, 2)]
    [TestCase(0.8, 7)]
    [TestCase(0.81, 30)]
    [TestCase(1, 30)]
    public void Percentile_Share_IsNearestRank(double share, int expected)
    {
        var lengths = Of(30, 2, 1, 2, 7);
        Assert.That(lengths.Percentile(share), Is.EqualTo(expected));
    }

    [Test]
    public void Mean_OfSome_IsTheirs()
    {
        Assert.Multiple(() =>
        {
            Assert.That((Of(30, 2, 1, 2, 7).Mean, Of(30, 2, 1, 2, 7).Count), Is.EqualTo((8.4, 5)));
            Assert.That((Of().Mean, Of().Percentile(0.5)), Is.EqualTo((0.0, 0)));
        });
    }

    [TestCase(-0.1)]
    [TestCase(1.1)]
    [TestCase(double.NaN)]
    public void Percentile_NoShare_Throws(double share)
        => Assert.That(() => Of(1).Percentile(share), Throws.TypeOf<ArgumentOutOfRangeException>());

    private static LengthCounts Of(params int[] lengths)
    {
        var counts = new LengthCounts();
        foreach (var length in lengths)
            counts.Add(length);
        return counts;
    }
}
