using NUnit.Framework;
using T5GemmaSharp.Training.Benchmarking;

namespace T5GemmaSharp.Tests.Training.Benchmarking;

public sealed class TimingTests
{
    [TestCase(new[] { 3.0, 1.0, 2.0 }, 2.0, 1.0, 3.0)]
    [TestCase(new[] { 4.0, 1.0, 2.0, 8.0 }, 3.0, 1.0, 8.0)]
    [TestCase(new[] { 5.0 }, 5.0, 5.0, 5.0)]
    public void Of_Runs_GivesMedianAndEnds(double[] seconds, double median, double min, double max)
        => Assert.That(Timing.Of(seconds), Is.EqualTo(new Timing(median, min, max)));

    [Test]
    public void After_Part_TakesItsMedianAway()
        => Assert.That(new Timing(5, 4, 7).After(new Timing(2, 1, 3)), Is.EqualTo(new Timing(3, 2, 5)));
}
