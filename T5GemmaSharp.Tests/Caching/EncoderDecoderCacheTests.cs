using NUnit.Framework;
using T5GemmaSharp.Caching;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Caching;

public sealed class EncoderDecoderCacheTests
{
    private static readonly T5GemmaModuleConfig Decoder = TinyModels.Config.Decoder;

    [Test]
    public void Constructor_Config_SlidesInSelfAttentionOnly()
    {
        using var cache = new EncoderDecoderCache(Decoder);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cache.SelfAttentionCache.Layers.Select(layer => layer.IsSliding), Is.EqualTo(new[] { true, false, true }));
            Assert.That(cache.CrossAttentionCache.Layers.Select(layer => layer.IsSliding), Is.EqualTo(new[] { false, false, false }));
            Assert.That(cache.SequenceLength, Is.Zero);
        }
    }

    [Test]
    public void Constructor_LayerCountsDiffer_Throws()
    {
        using var self = new DynamicCache(3);
        using var cross = new DynamicCache(2);
        Assert.That(() => new EncoderDecoderCache(self, cross), Throws.ArgumentException.With.Message.Contains("expected 3 layers").And.Message.Contains("got 2"));
    }

    [Test]
    public void Constructor_SlidingCrossCache_Throws()
    {
        using var self = new DynamicCache(Decoder);
        using var cross = new DynamicCache(Decoder);
        Assert.That(() => new EncoderDecoderCache(self, cross), Throws.ArgumentException.With.Message.Contains("crossAttentionCache").And.Message.Contains("slid"),
            "a sliding cross cache would silently forget the start of the source");
    }

    [Test]
    public void IsUpdated_ForwardThenReset_FollowsTheCrossLayers()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        using var cache = new EncoderDecoderCache(Decoder);
        var layers = Enumerable.Range(0, Decoder.NumHiddenLayers).ToArray();
        Assert.That(layers.Select(cache.IsUpdated), Is.All.False);
        model.call(Inputs(cache));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(layers.Select(cache.IsUpdated), Is.All.True);
            Assert.That(cache.SequenceLength, Is.EqualTo(4));
            Assert.That(cache.CrossAttentionCache.SequenceLength, Is.EqualTo(9));
        }
        cache.Crop(2);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cache.SequenceLength, Is.EqualTo(2));
            Assert.That(cache.CrossAttentionCache.SequenceLength, Is.EqualTo(9), "the source stays");
        }
        cache.Reset();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(layers.Select(cache.IsUpdated), Is.All.False);
            Assert.That((cache.SequenceLength, cache.CrossAttentionCache.SequenceLength), Is.EqualTo((0, 0)));
        }
    }

    [Test]
    public void IsUpdated_FilledCrossCacheGiven_IsTrue()
    {
        using var scope = NewDisposeScope();
        var cross = new DynamicCache(2);
        cross.Layers[1].Update(torch.zeros(1, 3, 5, 8), torch.zeros(1, 3, 5, 8));
        using var cache = new EncoderDecoderCache(new DynamicCache(2), cross);
        Assert.That((cache.IsUpdated(0), cache.IsUpdated(1)), Is.EqualTo((false, true)));
    }

    [Test]
    public void Forward_CroppedCache_ContinuesAsIfTheTokensHadNeverBeen()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var ids = TinyModels.Ids(2, 5, seed: 12);
        using var cache = new EncoderDecoderCache(Decoder);
        model.call(Inputs(cache)); // four tokens, of which two stay
        cache.Crop(2);
        var continued = model.call(Inputs(cache) with { DecoderInputIds = ids.narrow(1, 2, 3) }).Logits;
        var full = model.call(Inputs(null) with { DecoderInputIds = torch.cat([Inputs(null).DecoderInputIds!.narrow(1, 0, 2), ids.narrow(1, 2, 3)], dim: 1) }).Logits;
        TensorAssert.Close(continued, full.narrow(1, 2, 3), 1e-5, "logits");
    }

    [Test]
    public void Forward_ReorderedCache_ContinuesTheOtherRow()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var rows = torch.tensor(new[] { 1L, 0L });
        var next = TinyModels.Ids(2, 1, seed: 13);
        using var cache = new EncoderDecoderCache(Decoder);
        using var swapped = new EncoderDecoderCache(Decoder);
        model.call(Inputs(cache));
        model.call(Inputs(swapped));
        swapped.Reorder(rows);
        var expected = model.call(Inputs(cache) with { DecoderInputIds = next }).Logits.index_select(0, rows);
        var source = Inputs(null).InputIds!.index_select(0, rows);
        var actual = model.call(Inputs(swapped) with { InputIds = source, DecoderInputIds = next.index_select(0, rows) }).Logits;
        TensorAssert.Close(actual, expected, 1e-5, "logits");
    }

    [Test]
    public void Forward_CacheOfAnotherModel_SaysWhatDiffers()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        using var shallow = new EncoderDecoderCache(Decoder with { NumHiddenLayers = 2 });
        using var deep = new EncoderDecoderCache(Decoder with { NumHiddenLayers = 4 });
        using var narrow = new EncoderDecoderCache(Decoder);
        foreach (var layer in narrow.SelfAttentionCache.Layers)
            layer.Update(torch.zeros(2, 3, 1, 6), torch.zeros(2, 3, 1, 6));
        using var alone = new EncoderDecoderCache(Decoder);
        model.call(Inputs(alone) with { InputIds = TinyModels.Ids(1, 9), DecoderInputIds = TinyModels.Ids(1, 4) });
        using var full = new EncoderDecoderCache(new DynamicCache(3), new DynamicCache(3));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.call(Inputs(shallow)), Throws.ArgumentException.With.Message.Contains("pastKeyValues").And.Message.Contains("3 layers").And.Message.Contains("got 2"));
            Assert.That(() => model.call(Inputs(deep)), Throws.ArgumentException.With.Message.Contains("3 layers").And.Message.Contains("got 4"));
            Assert.That(() => model.call(Inputs(narrow)), Throws.ArgumentException.With.Message.Contains("[2, 3, length, 8]").And.Message.Contains("[2, 3, 1, 6]"));
            Assert.That(() => model.call(Inputs(alone)), Throws.ArgumentException.With.Message.Contains("[2, 3, length, 8]"), "another batch size");
            Assert.That(() => model.call(Inputs(full)), Throws.Nothing, "a cache that forgets nothing serves sliding layers too");
        }
    }

    [Test]
    public void Forward_CacheOfAnotherSource_SaysToResetIt()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        using var cache = new EncoderDecoderCache(Decoder);
        model.call(Inputs(cache));
        Assert.That(() => model.call(Inputs(cache) with { InputIds = TinyModels.Ids(2, 7) }), Throws.ArgumentException.With.Message.Contains("Reset"));
    }

    [Test]
    public void Dispose_AfterForward_FreesEverything()
    {
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        using var ids = TinyModels.Ids(2, 9);
        using var decoderIds = TinyModels.Ids(2, 4, seed: 9);
        var before = LiveTensors.Count;
        using (var cache = new EncoderDecoderCache(Decoder))
        {
            using (NewDisposeScope())
                model.call(new() { InputIds = ids, DecoderInputIds = decoderIds, PastKeyValues = cache });
            Assert.That(LiveTensors.Count, Is.EqualTo(before + 4 * Decoder.NumHiddenLayers), "a caller's cache outlives the caller's scope");
        }
        Assert.That(LiveTensors.Count, Is.EqualTo(before));
    }

    private static T5GemmaInputs Inputs(EncoderDecoderCache? cache) =>
        new() { InputIds = TinyModels.Ids(2, 9), DecoderInputIds = TinyModels.Ids(2, 4, seed: 9), PastKeyValues = cache, UseCache = false };
}
