using NUnit.Framework;
using T5GemmaSharp.Caching;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Caching;

public sealed class CacheLayerTests
{
    private const int Capacity = 20;

    private static readonly int[][] Chunkings = [[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1], [3, 4, 1, 1, 5], [9, 1, 2], [2, 6, 1, 1], [12], [4, 4, 4], [5, 1, 1, 1, 7]];

    private static IEnumerable<TestCaseData> Kinds()
    {
        yield return Kind("dynamic", () => new DynamicLayer(), long.MaxValue, (past, length) => (past + length, 0));
        yield return Kind("static", () => new StaticLayer(Capacity), long.MaxValue, (past, length) => (Capacity, 0));
        foreach (var window in new long[] { 1, 2, 4, 5, 8, 30 })
        {
            var (sliding, capacity) = (window, Math.Min(window, Capacity));
            yield return Kind($"dynamic sliding {window}", () => new DynamicSlidingWindowLayer(sliding), window,
                (past, length) => (past >= sliding ? sliding - 1 + length : past + length, Math.Max(past - sliding + 1, 0)));
            yield return Kind($"static sliding {window}", () => new StaticSlidingWindowLayer(Capacity, sliding), window,
                (past, length) => past >= capacity ? (capacity + length - 1, Math.Max(past - capacity + 1, 0)) : (past + length > capacity ? past + length : capacity, 0));
        }

        static TestCaseData Kind(string name, Func<CacheLayer> create, long window, Func<long, long, (long, long)> maskSizes) =>
            new TestCaseData(create, window, maskSizes).SetName($"{{m}}({name})");
    }

    [TestCaseSource(nameof(Kinds))]
    public void Update_AnyChunks_ReturnsWhatMaskSizesSays(Func<CacheLayer> create, long window, Func<long, long, (long, long)> expectedSizes)
    {
        foreach (var chunks in Chunkings)
        {
            using var scope = NewDisposeScope();
            using var layer = create();
            var seen = 0;
            foreach (var length in chunks)
            {
                var (keyLength, offset) = layer.MaskSizes(length);
                Assert.That((keyLength, offset), Is.EqualTo(expectedSizes(seen, length)), $"mask sizes after {seen} of {string.Join("+", chunks)}");
                var (keys, values) = layer.Update(Tokens(seen, length), Tokens(seen, length, sign: -1));
                var returned = keys.ToDoubles();
                var firstNeeded = Math.Max(0, seen - (window - 1));
                using (Assert.EnterMultipleScope())
                {
                    Assert.That(returned, Has.Length.EqualTo(keyLength));
                    Assert.That(values.ToDoubles(), Is.EqualTo(returned.Select(token => -token)), "values go with their keys");
                    Assert.That(firstNeeded, Is.GreaterThanOrEqualTo(offset), "every key within the first new query's reach is there");
                    for (var i = 0; i < returned.Length; i++)
                        Assert.That(returned[i], Is.EqualTo(offset + i < seen + length ? offset + i + 1 : 0), $"key {i} after {seen} of {string.Join("+", chunks)}");
                }
                seen += length;
                Assert.That(layer.SequenceLength, Is.EqualTo(seen));
            }
        }
    }

    [TestCaseSource(nameof(Kinds))]
    public void Reset_FilledLayer_StartsAgain(Func<CacheLayer> create, long window, Func<long, long, (long, long)> expectedSizes)
    {
        using var scope = NewDisposeScope();
        using var layer = create();
        layer.Update(Tokens(0, 7), Tokens(0, 7));
        layer.Reset();
        using (Assert.EnterMultipleScope())
        {
            Assert.That((layer.SequenceLength, layer.Keys, layer.Values), Is.EqualTo((0, (Tensor?)null, (Tensor?)null)));
            Assert.That(layer.MaskSizes(3), Is.EqualTo(expectedSizes(0, 3)));
        }
        var (keys, _) = layer.Update(Tokens(4, 1), Tokens(4, 1));
        Assert.That(keys.ToDoubles()[0], Is.EqualTo(5), $"window {window}: nothing of the first sequence is left");
    }

    [TestCaseSource(nameof(Kinds))]
    public void ReorderAndRepeat_Rows_MoveTogether(Func<CacheLayer> create, long window, Func<long, long, (long, long)> expectedSizes)
    {
        using var scope = NewDisposeScope();
        using var layer = create();
        layer.Reorder(torch.tensor(new[] { 0L })); // nothing to move yet
        layer.RepeatInterleave(2);
        var batch = torch.cat([Tokens(0, 3), Tokens(100, 3)], dim: 0);
        layer.Update(batch, -batch);
        layer.Reorder(torch.tensor(new[] { 1L, 1L, 0L }));
        layer.RepeatInterleave(2);
        var next = Tokens(3, 1).repeat(6, 1, 1, 1);
        var (keys, values) = layer.Update(next, -next);
        Assert.That(expectedSizes(3, 1).Item1, Is.EqualTo(keys.size(2)));
        // The key before the new one, where the window still has it.
        if (window > 1)
        {
            var at = keys.ToDoubles().AsSpan(0, (int)keys.size(2)).IndexOf(4) - 1;
            using (Assert.EnterMultipleScope())
            {
                Assert.That(keys.select(2, at).ToDoubles(), Is.EqualTo(new double[] { 103, 103, 103, 103, 3, 3 }));
                Assert.That(values.select(2, at).ToDoubles(), Is.EqualTo(new double[] { -103, -103, -103, -103, -3, -3 }));
            }
        }
        Assert.That(() => layer.RepeatInterleave(0), Throws.TypeOf<ArgumentOutOfRangeException>());
    }

    [TestCaseSource(nameof(Kinds))]
    public void Crop_WithinTheWindow_ForgetsTheNewest(Func<CacheLayer> create, long window, Func<long, long, (long, long)> expectedSizes)
    {
        if (window < 5)
            return; // Crop_BeyondTheWindow_Throws
        foreach (var argument in new long[] { 3, -1 })
        {
            using var scope = NewDisposeScope();
            using var layer = create();
            layer.Update(Tokens(0, 4), Tokens(0, 4));
            layer.Crop(10);
            Assert.That(layer.SequenceLength, Is.EqualTo(4), "nothing to forget");
            layer.Crop(argument);
            using (Assert.EnterMultipleScope())
            {
                Assert.That(layer.SequenceLength, Is.EqualTo(3));
                Assert.That(layer.MaskSizes(1), Is.EqualTo(expectedSizes(3, 1)));
            }
            var (keys, _) = layer.Update(Tokens(50, 1), Tokens(50, 1));
            Assert.That(keys.ToDoubles().Take(4), Is.EqualTo(new double[] { 1, 2, 3, 51 }));
        }
    }

    [TestCaseSource(nameof(Kinds))]
    public void Crop_Everything_IsAnEmptyLayer(Func<CacheLayer> create, long window, Func<long, long, (long, long)> expectedSizes)
    {
        if (window < 5)
            return;
        using var scope = NewDisposeScope();
        using var layer = create();
        layer.Update(Tokens(0, 4), Tokens(0, 4));
        layer.Crop(-9);
        Assert.That((layer.SequenceLength, layer.MaskSizes(2)), Is.EqualTo((0L, expectedSizes(0, 2))));
        Assert.That(layer.Update(Tokens(60, 2), Tokens(60, 2)).Keys.ToDoubles().Take(2), Is.EqualTo(new double[] { 61, 62 }));
    }

    [Test]
    public void Crop_BeyondTheWindow_Throws([Values] bool isStatic)
    {
        using var scope = NewDisposeScope();
        using CacheLayer layer = isStatic ? new StaticSlidingWindowLayer(Capacity, 4) : new DynamicSlidingWindowLayer(4);
        layer.Update(Tokens(0, 9), Tokens(0, 9));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => layer.Crop(7), Throws.InvalidOperationException.With.Message.Contains("after 9 tokens"));
            Assert.That(layer.SequenceLength, Is.EqualTo(9), "a refused crop changes nothing");
        }
    }

    [Test]
    public void Update_StaticCapacityExceeded_ThrowsAndKeepsWhatItHas()
    {
        using var scope = NewDisposeScope();
        using var layer = new StaticLayer(5);
        layer.Update(Tokens(0, 4), Tokens(0, 4));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => layer.Update(Tokens(4, 2), Tokens(4, 2)), Throws.InvalidOperationException.With.Message.EqualTo("static cache: capacity 5 tokens, 4 used, 2 more do not fit"));
            Assert.That(layer.Update(Tokens(4, 1), Tokens(4, 1)).Keys.ToDoubles(), Is.EqualTo(new double[] { 1, 2, 3, 4, 5 }));
        }
    }

    [TestCaseSource(nameof(Kinds))]
    public void Dispose_FilledLayer_FreesItsTensors(Func<CacheLayer> create, long window, Func<long, long, (long, long)> expectedSizes)
    {
        using var keys = Tokens(0, 3);
        using var values = Tokens(0, 3, sign: -1);
        var before = LiveTensors.Count;
        using (var layer = create())
        {
            for (var i = 0; i < 5; i++)
            {
                using var scope = NewDisposeScope(); // the returned tensors that are not the layer's own die here
                layer.Update(keys, values);
            }
            Assert.That(LiveTensors.Count, Is.EqualTo(before + 2), "only the layer's own keys and values outlive an update");
        }
        Assert.That(LiveTensors.Count, Is.EqualTo(before), $"window {window}, {expectedSizes(0, 1)}");
    }

    [Test]
    public void Constructors_ImpossibleSizes_Throw()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => new DynamicSlidingWindowLayer(0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new StaticLayer(0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new StaticSlidingWindowLayer(0, 4), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new StaticSlidingWindowLayer(4, 0), Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => new DynamicCache(0), Throws.TypeOf<ArgumentOutOfRangeException>());
        }
    }

    /// <summary>States [1, 1, count, 1] that carry the number of their token, from 1, so that zero is an empty slot.</summary>
    private static Tensor Tokens(int start, int count, int sign = 1) =>
        torch.arange(start + 1, start + count + 1, dtype: ScalarType.Float32).view(1, 1, count, 1) * sign;
}
