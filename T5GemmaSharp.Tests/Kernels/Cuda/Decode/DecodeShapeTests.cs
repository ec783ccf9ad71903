using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Training.Benchmarking;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>Which decoders the kernels cover, and what is said of the others.</summary>
public sealed class DecodeShapeTests
{
    private static T5GemmaModuleConfig Decoder => PublishedShapes.Config("2b-2b").Decoder;

    private static IEnumerable<TestCaseData> Refused()
    {
        yield return Case("head_dim 48 is not", decoder => decoder with { HeadDim = 48 });
        yield return Case("hidden_activation Relu", decoder => decoder with { HiddenActivation = HiddenActivation.Relu });
        yield return Case("attn_logit_softcapping", decoder => decoder with { AttnLogitSoftcapping = null });
        yield return Case("attn_logit_softcapping", decoder => decoder with { AttnLogitSoftcapping = 61 });
        yield return Case("hidden_size 2312", decoder => decoder with { HiddenSize = 2312 });
        yield return Case("intermediate_size 9220", decoder => decoder with { IntermediateSize = 9220 });
        yield return Case("4 query heads of size 256", decoder => decoder with { NumKeyValueHeads = 2 });
        yield return Case("more than the kernels hold in registers", decoder => decoder with { HiddenSize = 20_000 });
    }

    [Test]
    public void For_EveryPublishedSize_HasAShape([ValueSource(typeof(PublishedShapes), nameof(PublishedShapes.Names))] string preset, [Values(1, 8, DecodeShape.MaxRows)] int rows)
    {
        var shape = DecodeShape.For(PublishedShapes.Config(preset).Decoder, rows, hasClusters: true, quantization: null, out var reason);
        Assert.That(reason, Is.Null);
        Assert.That(shape?.Rows, Is.EqualTo(rows));
    }

    [TestCaseSource(nameof(Refused))]
    public void For_DecoderThatIsNotCovered_SaysWhat(string expected, T5GemmaModuleConfig decoder)
    {
        Assert.That(DecodeShape.For(decoder, rows: 1, hasClusters: true, quantization: null, out var reason), Is.Null);
        Assert.That(reason, Does.Contain(expected));
    }

    [Test]
    public void For_TooManyRows_SaysHowManyAreSupported()
    {
        Assert.That(DecodeShape.For(Decoder, DecodeShape.MaxRows + 1, hasClusters: true, quantization: null, out var reason), Is.Null);
        Assert.That(reason, Is.EqualTo("33 rows, at most 32 are supported"));
    }

    [Test]
    public void For_DeviceWithoutClusters_SplitsNoKeys()
        => Assert.That(DecodeShape.For(Decoder, rows: 1, hasClusters: false, quantization: null, out _)?.Splits, Is.EqualTo(1));

    private static TestCaseData Case(string expected, Func<T5GemmaModuleConfig, T5GemmaModuleConfig> change) => new(expected, change(Decoder));
}
