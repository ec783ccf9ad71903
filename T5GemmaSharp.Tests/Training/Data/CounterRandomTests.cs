using NUnit.Framework;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Tests.Training.Data;

public sealed class CounterRandomTests
{
    [Test]
    public void Mix_SplitMix64_GivesItsPublishedFirstOutput()
    {
        // The first output of SplitMix64 with seed 0 is the mix of the golden ratio.
        Assert.That(CounterRandom.Mix(0x9E37_79B9_7F4A_7C15), Is.EqualTo(0xE220_A839_7B1D_CDAFUL));
    }

    [Test]
    public void Shuffle_SameKey_GivesTheSameOrder()
    {
        var (first, second) = (Shuffled(seed: 1, stream: 2), Shuffled(seed: 1, stream: 2));
        Assert.Multiple(() =>
        {
            Assert.That(second, Is.EqualTo(first));
            Assert.That(first, Is.EquivalentTo(Enumerable.Range(0, 100)));
            Assert.That(Shuffled(seed: 1, stream: 3), Is.Not.EqualTo(first));
            Assert.That(Shuffled(seed: 2, stream: 2), Is.Not.EqualTo(first));
        });
    }

    [Test]
    public void Shuffle_ManyKeys_SpreadsEveryItemOverEveryPlace()
    {
        var counts = new int[4, 4];
        for (var seed = 0; seed < 4000; seed++)
        {
            var items = Enumerable.Range(0, 4).ToArray();
            new CounterRandom((ulong)seed, stream: 0).Shuffle<int>(items);
            for (var place = 0; place < items.Length; place++)
                counts[items[place], place]++;
        }

        // Expected 1000 each, standard deviation 27.
        Assert.That(counts.Cast<int>(), Is.All.InRange(860, 1140));
    }

    [Test]
    public void Below_ManyPlaces_GivesEveryNumberAsOften()
    {
        var counts = new int[5];
        for (var counter = 0UL; counter < 5000; counter++)
            counts[new CounterRandom(seed: 1, stream: 2).Below(counter, counts.Length)]++;

        // Expected 1000 each, standard deviation 28.
        Assert.That(counts, Is.All.InRange(860, 1140));
    }

    [Test]
    public void Fraction_ManyPlaces_FillsTheInterval()
    {
        var fractions = Enumerable.Range(0, 10_000).Select(counter => new CounterRandom(seed: 1, stream: 2).Fraction((ulong)counter)).ToArray();
        Assert.That(fractions, Is.All.GreaterThanOrEqualTo(0).And.All.LessThan(1));
        Assert.That(fractions.Average(), Is.EqualTo(0.5).Within(0.01)); // standard deviation 0.003
        Assert.That(fractions.Max() - fractions.Min(), Is.GreaterThan(0.99));
    }

    private static int[] Shuffled(ulong seed, ulong stream)
    {
        var items = Enumerable.Range(0, 100).ToArray();
        new CounterRandom(seed, stream).Shuffle<int>(items);
        return items;
    }
}
