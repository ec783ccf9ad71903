using NUnit.Framework;
using T5GemmaSharp.Caching;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class AttentionMasksTests
{
    private const long Width = 4;

    private static readonly T5GemmaModuleConfig Config = TinyModels.Config.Decoder with { SlidingWindow = 8, AttnImplementation = AttentionImplementation.Eager };

    [Test]
    public void Encoder_WindowEight_RowTenSeesThreeToSeventeen()
    {
        using var scope = NewDisposeScope();
        var masks = AttentionMasks.Encoder(null, TinyModels.Ids(1, 20), States(1, 20), Config);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(VisibleKeys(masks.Sliding, 10), Is.EqualTo(Range(3, 17)));
            Assert.That(masks.Full, Is.Null, "nothing is hidden from the full layers");
        }
    }

    [Test]
    public void Decoder_WindowEight_RowTenSeesThreeToTen()
    {
        using var scope = NewDisposeScope();
        var masks = AttentionMasks.Decoder(null, TinyModels.Ids(1, 20), States(1, 20), cache: null, Config);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(VisibleKeys(masks.Sliding, 10), Is.EqualTo(Range(3, 10)));
            Assert.That(VisibleKeys(masks.Full, 10), Is.EqualTo(Range(0, 10)));
        }
    }

    [Test]
    public void Encoder_WindowsAndPadding_FollowTheDefinition([Values(1, 5, 8, 9, 30)] int window, [Values] bool left)
    {
        using var scope = NewDisposeScope();
        var (ids, padding) = TinyModels.Padded(TinyModels.Rows([9, 4, 1]), left);
        var config = Config with { SlidingWindow = window };
        var real = padding.ToLongs();
        foreach (var given in new[] { padding, null })
        {
            var masks = AttentionMasks.Encoder(given, ids, States(3, 9), config);
            AssertMask(masks.Full, 3, 9, 9, (b, q, k) => real[b * 9 + k] != 0, "full");
            AssertMask(masks.Sliding, 3, 9, 9, (b, q, k) => real[b * 9 + k] != 0 && Math.Abs(q - k) < window, "sliding");
        }
    }

    [Test]
    public void Decoder_WindowsAndPadding_FollowTheDefinition([Values(1, 5, 9, 30)] int window, [Values] bool left)
    {
        using var scope = NewDisposeScope();
        var (ids, padding) = TinyModels.Padded(TinyModels.Rows([9, 4, 1]), left);
        var config = Config with { SlidingWindow = window };
        var real = padding.ToLongs();
        foreach (var given in new[] { padding, null })
        {
            var masks = AttentionMasks.Decoder(given, ids, States(3, 9), cache: null, config);
            AssertMask(masks.Full, 3, 9, 9, (b, q, k) => k <= q && real[b * 9 + k] != 0, "full");
            AssertMask(masks.Sliding, 3, 9, 9, (b, q, k) => k <= q && q - k < window && real[b * 9 + k] != 0, "sliding");
        }
    }

    [Test]
    public void Decoder_WithCache_HasNoDefaultPadding()
    {
        using var scope = NewDisposeScope();
        using var cache = new DynamicCache(Config);
        var ids = torch.tensor(new[,] { { TinyModels.Pad, TinyModels.Pad, 5L, 6L } });
        AssertMask(AttentionMasks.Decoder(null, ids, States(1, 4), cache, Config).Full, 1, 4, 4, (b, q, k) => k <= q, "as in the reference, a cache suppresses the default mask");
    }

    [Test]
    public void Decoder_CachedTokens_CountFromTheStart(
        [Values(0, 1, 7, 8, 12)] int past, [Values(1, 3, 9)] int length, [Values] bool isStatic, [Values] bool isPadded)
    {
        using var scope = NewDisposeScope();
        const int window = 8;
        using KeyValueCache cache = isStatic ? new StaticCache(Config, 30) : new DynamicCache(Config);
        foreach (var layer in cache.Layers.Where(_ => past > 0))
            layer.Update(torch.zeros(2, 3, past, 8), torch.zeros(2, 3, past, 8));
        var padding = torch.ones([2, past + length], dtype: ScalarType.Int64);
        padding[0, 0] = 0;
        var masks = AttentionMasks.Decoder(isPadded ? padding : null, null, States(2, length), cache, Config);

        foreach (var type in Enum.GetValues<LayerType>())
        {
            var (keys, offset) = cache.MaskSizes(type, length);
            var reach = type == LayerType.SlidingAttention ? window : int.MaxValue;
            AssertMask(masks.For(type), 2, length, (int)keys,
                (b, q, k) => k + offset <= q + past && q + past - (k + offset) < reach && !(isPadded && b == 0 && k + offset == 0), $"{type}");
        }
    }

    [Test]
    public void Decoder_MaskLongerThanTheKeys_IsReadByPosition()
    {
        using var scope = NewDisposeScope();
        var padding = torch.tensor(new[,] { { 0L, 1L, 1L, 1L, 1L, 1L } });
        AssertMask(AttentionMasks.Decoder(padding, null, States(1, 4), cache: null, Config).Full, 1, 4, 4, (b, q, k) => k <= q && k > 0, "full");
    }

    [Test]
    public void Decoder_StaticCacheLongerThanTheMask_HidesTheRest()
    {
        using var scope = NewDisposeScope();
        using var cache = new StaticCache(Config, 11);
        var padding = torch.tensor(new[,] { { 0L, 1L, 1L, 1L } });
        AssertMask(AttentionMasks.Decoder(padding, null, States(1, 4), cache, Config).Full, 1, 4, 11, (b, q, k) => k <= q && k > 0, "full");
    }

    [Test]
    public void Cross_EveryForm_HidesOnlyWhatItSays()
    {
        using var scope = NewDisposeScope();
        var states = States(2, 5);
        var padding = torch.tensor(new[,] { { 1L, 1L, 1L, 1L, 1L }, { 1L, 1L, 1L, 0L, 0L } });
        var ready = torch.ones([2, 1, 3, 5], dtype: ScalarType.Bool);
        ready[1, 0, 2, 4] = false;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(AttentionMasks.Cross(null, states, 3, Config), Is.Null);
            AssertMask(AttentionMasks.Cross(padding, states, 3, Config), 2, 3, 5, (b, q, k) => b == 0 || k < 3, "2-D");
            AssertMask(AttentionMasks.Cross(ready, states, 3, Config), 2, 3, 5, (b, q, k) => !(b == 1 && q == 2 && k == 4), "4-D");
            AssertMask(AttentionMasks.Cross(new AttentionMask(ready, null), states, 3, Config), 2, 3, 5, (b, q, k) => !(b == 1 && q == 2 && k == 4), "by layer type");
            Assert.That(AttentionMasks.Cross(new AttentionMask(null, ready), states, 3, Config), Is.Null, "cross-attention reads the entry of the full layers");
        }
    }

    [Test]
    public void Ready_BooleanAdditiveAndByLayerType_AreUsedUntouched()
    {
        using var scope = NewDisposeScope();
        var allowed = torch.ones([2, 1, 20, 20], dtype: ScalarType.Bool);
        allowed[1, 0, 3, 19] = false;
        var additive = torch.zeros(1, 1, 20, 20);
        additive[0, 0, 3, 19] = -1.5f;
        var boolean = AttentionMasks.Encoder(allowed, null, States(2, 20), Config);
        var floating = AttentionMasks.Encoder(additive, null, States(2, 20), Config);
        var typed = AttentionMasks.Decoder(new AttentionMask(allowed, additive), null, States(2, 20), cache: null, Config);
        using (Assert.EnterMultipleScope())
        {
            AssertMask(boolean.Sliding, 2, 20, 20, (b, q, k) => !(b == 1 && q == 3 && k == 19), "no window is added");
            AssertMask(boolean.Full, 2, 20, 20, (b, q, k) => !(b == 1 && q == 3 && k == 19), "full");
            TensorAssert.Close(floating.Full!, additive, 0, "additive");
            TensorAssert.Close(typed.Sliding!, additive, 0, "the sliding layers' own");
            AssertMask(typed.Full, 2, 20, 20, (b, q, k) => !(b == 1 && q == 3 && k == 19), "the full layers' own");
        }
    }

    [Test]
    public void WrongShapes_SayExpectedAndActual()
    {
        using var scope = NewDisposeScope();
        var (states, ids) = (States(2, 7), TinyModels.Ids(2, 7));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => AttentionMasks.Encoder(torch.ones(2, 9), ids, states, Config), Throws.ArgumentException.With.Message.EqualTo("attentionMask: expected [2, 7], got [2, 9]"));
            Assert.That(() => AttentionMasks.Encoder(torch.ones(3, 7), ids, states, Config), Throws.ArgumentException.With.Message.Contains("got [3, 7]"));
            Assert.That(() => AttentionMasks.Decoder(torch.ones(2, 6), ids, states, null, Config), Throws.ArgumentException.With.Message.Contains("expected [2, 7], got [2, 6]"));
            Assert.That(() => AttentionMasks.Cross(torch.ones(2, 6), states, 3, Config), Throws.ArgumentException.With.Message.Contains("expected [2, 7], got [2, 6]"));
            Assert.That(() => AttentionMasks.Encoder(torch.ones(2, 1, 7, 8), ids, states, Config), Throws.ArgumentException.With.Message.Contains("got [2, 1, 7, 8]"));
            Assert.That(() => AttentionMasks.Cross(torch.ones(2, 1, 7, 7), states, 3, Config), Throws.ArgumentException.With.Message.Contains("cross-attention"));
            Assert.That(() => new AttentionMask(torch.ones(2, 7, 7)), Throws.ArgumentException.With.Message.Contains("[2, 7, 7]"));
            Assert.That(() => AttentionMasks.Encoder(null, ids, states, Config with { PadTokenId = null }), Throws.ArgumentException.With.Message.Contains("pad_token_id"));
        }
    }

    private static Tensor States(long batch, long length) => torch.zeros(batch, length, Width);

    private static long[] Range(int first, int last) => [.. Enumerable.Range(first, last - first + 1).Select(i => (long)i)];

    private static long[] VisibleKeys(Tensor? mask, long query) => mask![0, 0, query].eq(0).nonzero().flatten().ToLongs();

    /// <summary>Demands zero where a key may be seen and the most negative finite number elsewhere; null means that all may be seen.</summary>
    private static void AssertMask(Tensor? mask, int batch, int queries, int keys, Func<int, int, int, bool> isVisible, string what)
    {
        var actual = (mask ?? torch.zeros(1)).expand(batch, 1, queries, keys).ToDoubles();
        var hidden = torch.finfo(ScalarType.Float32).min;
        var expected = from b in Enumerable.Range(0, batch) from q in Enumerable.Range(0, queries) from k in Enumerable.Range(0, keys) select isVisible(b, q, k) ? 0.0 : hidden;
        Assert.That(actual, Is.EqualTo(expected.ToArray()), what);
    }
}
