using NUnit.Framework;
using T5GemmaSharp.Caching;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

/// <summary>However a sequence reaches the decoder, at once, token by token or in pieces, the logits are the same. All lengths exceed both sliding windows.</summary>
public sealed class CacheInvarianceTests
{
    private const double Tolerance = 2e-5; // float32, logits up to 9, another order of summation
    private const int Length = 17;
    private const int SourceLength = 13;

    private static readonly int[][] Chunkings = [[Length], [.. Enumerable.Repeat(1, Length)], [4, 1, 1, 7, 1, 3], [9, 1, 1, 1, 5], [1, 6, 6, 4]];
    private static readonly T5GemmaModuleConfig Decoder = TinyModels.Config.Decoder;

    private static IEnumerable<TestCaseData> Cases() =>
        from kind in new[] { "dynamic", "static", "tight static", "unforgetting" }
        from chunks in Chunkings
        from window in new[] { 1, 2, 6 }
        from attention in new[] { AttentionImplementation.Eager, AttentionImplementation.Sdpa }
        select new TestCaseData(kind, chunks, window, attention).SetName($"{{m}}({kind}, {string.Join("+", chunks)}, window {window}, {attention})");

    [TestCaseSource(nameof(Cases))]
    public void Forward_InPieces_EqualsAtOnce(string kind, int[] chunks, int window, AttentionImplementation attention)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        var config = TinyModels.Config with { Decoder = Decoder with { SlidingWindow = window } };
        using var model = TinyModels.LanguageModel(config, new() { Attention = attention });
        var inputs = Inputs();
        var expected = model.call(inputs with { UseCache = false, DecoderAttentionMask = torch.ones(3, Length) }).Logits;
        using var cache = Cache(kind, config.Decoder);
        TensorAssert.Close(InPieces(model, inputs, cache, chunks), expected, Tolerance, "logits");
    }

    [Test]
    public void Forward_LeftPaddedDecoderInPieces_EqualsAtOnce([Values("dynamic", "static")] string kind)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var (ids, mask) = TinyModels.Padded(TinyModels.Rows([Length, 9, 2], vocabSize: 47), left: true);
        var inputs = Inputs() with { DecoderInputIds = ids, DecoderAttentionMask = mask, DecoderPositionIds = TinyModels.Positions(mask) };
        var expected = model.call(inputs with { UseCache = false }).Logits;
        using var cache = Cache(kind, Decoder);
        var actual = InPieces(model, inputs, cache, [5, 1, 1, 7, 3], mask);
        // Rows of padding see no key at all, so theirs are nobody's concern.
        var real = mask.to(ScalarType.Bool).unsqueeze(-1);
        TensorAssert.Close(actual.masked_fill(real.logical_not(), 0), expected.masked_fill(real.logical_not(), 0), Tolerance, "logits of real tokens");
    }

    [Test]
    public void Forward_OwnCache_CanBeContinued()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = Inputs();
        var expected = model.call(inputs with { UseCache = false }).Logits;
        var first = model.call(inputs with { DecoderInputIds = inputs.DecoderInputIds!.narrow(1, 0, 9) });
        var rest = model.call(inputs with { DecoderInputIds = inputs.DecoderInputIds!.narrow(1, 9, Length - 9), PastKeyValues = first.PastKeyValues });
        TensorAssert.Close(torch.cat([first.Logits, rest.Logits], dim: 1), expected, Tolerance, "logits");
    }

    [Test]
    public void Forward_UseCache_DecidesWhetherACacheIsMade()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.call(Inputs()).PastKeyValues, Is.Not.Null, "evaluation mode, by default");
            Assert.That(model.call(Inputs() with { UseCache = false }).PastKeyValues, Is.Null);
            model.train();
            Assert.That(model.call(Inputs() with { UseCache = true }).PastKeyValues, Is.Null, "never in training mode");
        }
    }

    [Test]
    public void Forward_SecondUseOfAResetCache_EqualsTheFirst()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        foreach (var kind in new[] { "dynamic", "static" })
        {
            using var cache = Cache(kind, Decoder);
            var first = InPieces(model, Inputs(), cache, Chunkings[2]);
            cache.Reset();
            TensorAssert.Close(InPieces(model, Inputs(), cache, Chunkings[2]), first, 0, kind);
        }
    }

    [Test]
    public void Forward_StaticCacheTooShort_SaysItsCapacity()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        using var cache = new EncoderDecoderCache(new StaticCache(Decoder, 4), new DynamicCache(Decoder.NumHiddenLayers));
        Assert.That(() => model.call(Inputs() with { PastKeyValues = cache }), Throws.InvalidOperationException.With.Message.Contains("capacity 4 tokens"));
    }

    private static Tensor InPieces(T5GemmaForConditionalGeneration model, T5GemmaInputs inputs, EncoderDecoderCache cache, int[] chunks, Tensor? mask = null)
    {
        var logits = new List<Tensor>();
        foreach (var (start, length) in chunks.Select((length, i) => (chunks.Take(i).Sum(), length)))
        {
            logits.Add(model.call(inputs with
            {
                DecoderInputIds = inputs.DecoderInputIds!.narrow(1, start, length),
                DecoderPositionIds = inputs.DecoderPositionIds?.narrow(1, start, length),
                DecoderAttentionMask = mask?.narrow(1, 0, start + length),
                PastKeyValues = cache,
            }).Logits);
        }
        return torch.cat(logits, dim: 1);
    }

    private static T5GemmaInputs Inputs()
    {
        var (ids, mask) = TinyModels.Padded(TinyModels.Rows([SourceLength, 4, 9]), left: false);
        return new() { InputIds = ids, AttentionMask = mask, DecoderInputIds = TinyModels.Ids(3, Length, seed: 20, vocabSize: 47) };
    }

    private static EncoderDecoderCache Cache(string kind, T5GemmaModuleConfig config)
    {
        var layers = config.NumHiddenLayers;
        return kind switch
        {
            "dynamic" => new(config),
            "static" => new(new StaticCache(config, Length + 5), new DynamicCache(layers)),
            "tight static" => new(new StaticCache(config, Length), new StaticCache(config with { LayerTypes = [.. Enumerable.Repeat(LayerType.FullAttention, layers)] }, SourceLength)),
            _ => new(new DynamicCache(layers), new DynamicCache(layers)),
        };
    }
}
