using NUnit.Framework;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives.Denoisers;

public sealed class SpanMaskTests
{
    [TestCase(5, 2, 4)]
    [TestCase(6, 3, 10)]
    [TestCase(7, 4, 20)]
    [TestCase(8, 2, 7)]
    [TestCase(8, 7, 7)]
    public void Segment_EveryComposition_IsAsLikely(int total, int parts, int compositions)
    {
        var counts = new Dictionary<string, int>();
        for (var index = 0; index < compositions * 500; index++)
        {
            var segments = SpanMask.Segment(total, parts, new ExampleKey(Seed: 11, Epoch: 0, index).Stream(RandomChoice.NoiseSpans));
            Assert.That(segments.Sum(), Is.EqualTo(total));
            Assert.That(segments, Has.Length.EqualTo(parts).And.All.GreaterThan(0));
            var name = string.Join(' ', segments);
            counts[name] = counts.GetValueOrDefault(name) + 1;
        }

        Assert.That(counts, Has.Count.EqualTo(compositions));
        ChiSquare.AssertFits([.. counts.Values], [.. Enumerable.Repeat(1.0, compositions)]);
    }

    [TestCase(1, 1)]
    [TestCase(9, 9)]
    [TestCase(9, 1)]
    public void Segment_OneWayOnly_IsIt(int total, int parts)
        => Assert.That(SpanMask.Segment(total, parts, new CounterRandom(seed: 0, stream: 0)), Is.EqualTo(Enumerable.Repeat(total / parts, parts)));

    [Test]
    public void Create_AnySizes_HasExactCountsAndEndsInNoise()
    {
        for (var index = 0; index < 2000; index++)
        {
            var key = new ExampleKey(Seed: 3, Epoch: 0, index);
            var sizes = new CounterRandom(seed: 4, (ulong)index);
            var length = 2 + sizes.Below(0, 60);
            var noise = 1 + sizes.Below(1, length - 1);
            var spans = 1 + sizes.Below(2, Math.Min(noise, length - noise));
            var mask = SpanMask.Create(length, noise, spans, roll: false, key);
            Assert.That(mask, Has.Length.EqualTo(length));
            Assert.That(mask.Count(token => token), Is.EqualTo(noise));
            Assert.That(Runs(mask), Is.EqualTo(spans));
            Assert.That(mask[0], Is.False);
            Assert.That(mask[^1], Is.True);
        }
    }

    [Test]
    public void Create_EveryMask_IsAsLikely()
    {
        // 4 tokens of noise and 4 clean ones in 2 spans each: 3 ways for either, drawn independently.
        var counts = Enumerable.Range(0, 4500)
            .CountBy(index => string.Concat(SpanMask.Create(length: 8, noise: 4, spans: 2, roll: false, new ExampleKey(Seed: 12, Epoch: 0, index)).Select(token => token ? '#' : '.')))
            .ToDictionary();
        Assert.That(counts, Has.Count.EqualTo(9));
        ChiSquare.AssertFits([.. counts.Values], [.. Enumerable.Repeat(1.0, 9)]);
    }

    [Test]
    public void Create_OneSpanRolled_StartsAnywhere()
    {
        const int Length = 10;
        var starts = new int[Length];
        for (var index = 0; index < 5000; index++)
        {
            var mask = SpanMask.Create(Length, noise: 3, spans: 1, roll: true, new ExampleKey(Seed: 5, Epoch: 0, index));
            Assert.That(mask.Count(token => token), Is.EqualTo(3));
            starts[Enumerable.Range(0, Length).Single(place => mask[place] && !mask[(place + Length - 1) % Length])]++;
        }

        ChiSquare.AssertFits(starts, [.. Enumerable.Repeat(1.0, Length)]);
    }

    [Test]
    public void Apply_PublishedExample_ReplacesEachSpan()
    {
        // a b c d e f g h i j with noise at d e and i j.
        bool[] mask = [false, false, false, true, true, false, false, false, true, true];
        var (inputIds, labels) = Apply(mask, "abcdefghij", "01");
        Assert.That((inputIds, labels), Is.EqualTo(("abc0fgh1", "0de1ij")));
    }

    [Test]
    public void Apply_RotatedMask_KeepsEachSentinelBeforeItsSpan()
    {
        bool[] mask = [true, true, false, false, true, false];
        var (inputIds, labels) = Apply(mask, "abcdef", "01");
        Assert.That((inputIds, labels), Is.EqualTo(("0cd1f", "0ab1e")));
    }

    private static (string InputIds, string Labels) Apply(bool[] mask, string text, string sentinels)
    {
        var (inputIds, labels) = (new List<int>(), new List<int>());
        SpanMask.Apply(mask, [.. text.Select(letter => (int)letter)], [.. sentinels.Select(letter => (int)letter)], inputIds, labels);
        return (Letters(inputIds), Letters(labels));
    }

    private static string Letters(List<int> ids) => string.Concat(ids.Select(id => (char)id));

    private static int Runs(bool[] mask) => Enumerable.Range(0, mask.Length).Count(index => mask[index] && (index == 0 || !mask[index - 1]));
}
