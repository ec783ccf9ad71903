using NUnit.Framework;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives.Denoisers;

public sealed class SpanCorruptionTests
{
    private const int Unlimited = int.MaxValue;

    // Spans needed, by the window's length.
    [TestCase("r:3,0.15", new[] { 26, 51, 102, 205 })]
    [TestCase("r:8,0.15", new[] { 10, 19, 38, 77 })]
    [TestCase("x:12,0.5", new[] { 21, 43, 85, 171 })]
    [TestCase("x:32,0.15", new[] { 2, 5, 10, 19 })]
    [TestCase("x:32,0.5", new[] { 8, 16, 32, 64 })]
    [TestCase("x:3,0.5", new[] { 85, 171, 341, 683 })]
    [TestCase("x:8,0.5", new[] { 32, 64, 128, 256 })]
    public void Count_PublishedSettings_NeedTheseSpans(string denoiser, int[] spans)
        => Assert.That(new[] { 512, 1024, 2048, 4096 }.Select(length => Count(denoiser, length).Spans), Is.EqualTo(spans));

    [TestCase("r:3,0.15", 1929)]
    [TestCase("x:12,0.5", 2317)]
    [TestCase("x:32,0.5", 6177)]
    [TestCase("x:8,0.5", 1545)]
    [TestCase("x:3,0.5", 578)]
    [TestCase("r:8,0.15", 5150)]
    public void Count_AtTheEndOf96Sentinels_IsReachedAtThisLength(string denoiser, int length)
    {
        Assert.That(Count(denoiser, length).Spans, Is.EqualTo(96));
        Assert.That(Count(denoiser, length + 1).Spans, Is.EqualTo(97));
    }

    [TestCase(10, 3, 0.15, 2, 1)] // 1.5 rounds to the even 2
    [TestCase(30, 3, 0.15, 4, 1)] // 4.5 to the even 4
    [TestCase(3, 1, 0.5, 2, 1)] // 1.5 to 2, and one clean token takes one span
    [TestCase(10, 4, 0.6, 6, 2)] // 1.5 spans to 2
    [TestCase(10, 4, 0.99, 9, 1)] // one token stays clean
    [TestCase(10, 3, 0.01, 1, 1)] // one token is noise
    [TestCase(10, 1, 0.8, 8, 2)] // no more spans than clean tokens
    [TestCase(2, 100, 0.15, 1, 1)]
    public void Count_RoundingAndClamps_AreThese(int length, double meanSpan, double density, int noise, int spans)
        => Assert.That(new SpanCorruption(DenoiserMode.Extreme, meanSpan, density).Count(length, Unlimited), Is.EqualTo((noise, spans)));

    [Test]
    public void Count_FewSentinels_MergesSpansAndKeepsTheNoise()
    {
        var spans = new SpanCorruption(DenoiserMode.Regular, meanSpan: 3, density: 0.15);
        Assert.That(spans.Count(4096, sentinels: 96), Is.EqualTo((614, 96)));
        Assert.That(spans.Count(1024, sentinels: 96), Is.EqualTo(spans.Count(1024, Unlimited)));
    }

    [Test]
    public void SizeOf_Rolled_CountsTheSpanThatTheRotationParts()
    {
        var spans = new SpanCorruption(DenoiserMode.Extreme, meanSpan: 64, density: 0.15, randomRoll: true);
        Assert.That(spans.SizeOf(400, Unlimited), Is.EqualTo(new ExampleSize(340 + 2, 60 + 2, Sentinels: 2)));
        Assert.That(spans.SizeOf(4000, sentinels: 5), Is.EqualTo(new ExampleSize(3400 + 5, 600 + 5, Sentinels: 5)));
    }

    [Test]
    public void Constructor_BadSetting_NamesIt()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new SpanCorruption(DenoiserMode.Sequential, 3, 0.15), Throws.ArgumentException.With.Message.Contains("PrefixLm"));
            Assert.That(() => new SpanCorruption(DenoiserMode.Regular, 0.5, 0.15), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("meanSpan"));
            Assert.That(() => new SpanCorruption(DenoiserMode.Regular, double.NaN, 0.15), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("meanSpan"));
            Assert.That(() => new SpanCorruption(DenoiserMode.Regular, 3, 1), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("density"));
            Assert.That(() => new SpanCorruption(DenoiserMode.Regular, 3, double.NaN), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("density"));
        }
    }

    private static (int Noise, int Spans) Count(string denoiser, int length) => ((SpanCorruption)Denoiser.Parse(denoiser)).Count(length, Unlimited);
}
