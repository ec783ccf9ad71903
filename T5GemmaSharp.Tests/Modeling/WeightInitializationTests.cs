using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class WeightInitializationTests
{
    private const double EncoderRange = 0.02;
    private const double DecoderRange = 0.05;
    private const double TopRange = 0.3;
    private const int NumLabels = 90;

    private static readonly T5GemmaConfig Config = (SampleModel.Config with
    {
        InitializerRange = TopRange,
        Encoder = SampleModel.Config.Encoder with { InitializerRange = EncoderRange, AttentionBias = true, PadTokenId = 3 },
        Decoder = SampleModel.Config.Decoder with { InitializerRange = DecoderRange, AttentionBias = true, PadTokenId = 5 },
    }).WithNumLabels(NumLabels);

    [SetUp]
    public void FixSeed() => torch.random.manual_seed(1234);

    [Test]
    public void FromConfig_EveryWeight_HasItsStacksDeviation([Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType dtype)
    {
        using var model = T5GemmaForConditionalGeneration.FromConfig(Config with { TieWordEmbeddings = false }, new PretrainedOptions { DType = dtype });
        var checkedKinds = new HashSet<string>();
        foreach (var (name, parameter) in model.named_parameters().Where(pair => !IsZero(pair.name)))
        {
            var expected = name.StartsWith("lm_head", StringComparison.Ordinal) ? TopRange / Math.Sqrt(Config.Decoder.VocabSize) : name.Contains("encoder.", StringComparison.Ordinal) ? EncoderRange : DecoderRange;
            AssertNormal(WithoutPadding(name, parameter), expected, name);
            checkedKinds.Add(string.Join('.', name.Split('.')[^2..]));
        }
        Assert.That(checkedKinds, Is.EquivalentTo(new[]
        {
            "embed_tokens.weight", "q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "gate_proj.weight", "up_proj.weight", "down_proj.weight", "out_proj.weight",
        }));
    }

    [Test]
    public void FromConfig_NormsAndBiases_AreZero()
    {
        using var model = T5GemmaForConditionalGeneration.FromConfig(Config);
        var zeros = model.named_parameters().Where(pair => IsZero(pair.name)).ToArray();
        Assert.That(zeros.Count(pair => pair.name.EndsWith(".bias", StringComparison.Ordinal)), Is.EqualTo((3 * 4) + (2 * 8)));
        Assert.That(zeros.Count(pair => pair.name.EndsWith("norm.weight", StringComparison.Ordinal)), Is.EqualTo((3 * 4) + 1 + (2 * 6) + 1));
        foreach (var (name, parameter) in zeros)
            Assert.That(parameter.count_nonzero().item<long>(), Is.Zero, name);
    }

    [Test]
    public void FromConfig_Embeddings_HaveOneZeroRowOfPadding()
    {
        using var model = T5GemmaForConditionalGeneration.FromConfig(Config);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(ZeroRows(model.Model.Encoder.EmbedTokens.weight!), Is.EqualTo(new long[] { 3 })); // an embedding has a weight
            Assert.That(ZeroRows(model.Model.Decoder.EmbedTokens.weight!), Is.EqualTo(new long[] { 5 }));
        }
    }

    [Test]
    public void FromConfig_WithoutPaddingId_HasNoZeroRow()
    {
        using var model = T5GemmaEncoderModel.FromConfig(Config with { IsEncoderDecoder = false, Encoder = Config.Encoder with { PadTokenId = null } });
        Assert.That(ZeroRows(model.Encoder.EmbedTokens.weight!), Is.Empty); // an embedding has a weight
    }

    [Test]
    public void FromConfig_TiedHead_GivesPaddingTheLogitZero()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = T5GemmaForConditionalGeneration.FromConfig(Config);
        Assert.That(model.LmHead.OutProj, Is.Null);
        var logits = model.call(new() { InputIds = SampleModel.SourceIds(), Labels = SampleModel.Labels() }).Logits;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(logits.select(-1, 5).count_nonzero().item<long>(), Is.Zero);
            Assert.That(logits.select(-1, 6).count_nonzero().item<long>(), Is.EqualTo(12));
        }
    }

    [TestCase(true)]
    [TestCase(false)]
    public void FromConfig_ClassificationHead_IsScaledByItsClasses(bool isEncoderDecoder)
    {
        using var model = T5GemmaForTokenClassification.FromConfig(Config with { IsEncoderDecoder = isEncoderDecoder });
        AssertNormal(model.Score.OutProj.weight, TopRange / Math.Sqrt(NumLabels), "score");
        Assert.That(model.Score.OutProj.bias!.count_nonzero().item<long>(), Is.Zero); // the head has a bias
    }

    [Test]
    public void FromConfig_WithoutTopRange_TakesTheDecodersForHeads()
    {
        using var model = T5GemmaForSequenceClassification.FromConfig(Config with { InitializerRange = null, IsEncoderDecoder = false });
        AssertNormal(model.Score.OutProj.weight, DecoderRange / Math.Sqrt(NumLabels), "score");
    }

    [Test]
    public void FromConfig_Embedding_IsNotTruncated()
    {
        using var model = T5GemmaEncoderModel.FromConfig(Config with { IsEncoderDecoder = false, Encoder = Config.Encoder with { VocabSize = 2000 } });
        // Of 48,000 normal samples about 130 lie beyond three deviations; truncation at two would leave none.
        var beyond = (model.Encoder.EmbedTokens.weight! / EncoderRange).abs().gt(3).sum().item<long>(); // an embedding has a weight
        Assert.That(beyond, Is.InRange(70, 190));
    }

    [Test]
    public void FromPretrained_FreshHead_IsInitialisedAndNothingElse()
    {
        using var folder = new ScratchFolder();
        using var source = SampleModel.RandomLM(Config);
        source.SavePretrained(folder.Path);
        using var model = T5GemmaForTokenClassification.FromPretrained(folder.Path);
        AssertNormal(model.Score.OutProj.weight, TopRange / Math.Sqrt(NumLabels), "score");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Score.OutProj.bias!.count_nonzero().item<long>(), Is.Zero); // the head has a bias
            Assert.That(ParameterAssert.EqualWhereShared(model, source, name => name), Is.EqualTo(source.parameters().Count()));
        }
    }

    private static bool IsZero(string name) => name.EndsWith("norm.weight", StringComparison.Ordinal) || name.EndsWith(".bias", StringComparison.Ordinal);

    private static Tensor WithoutPadding(string name, Tensor parameter)
    {
        if (!name.EndsWith("embed_tokens.weight", StringComparison.Ordinal))
            return parameter;
        var pad = name.Contains("encoder.", StringComparison.Ordinal) ? 3 : 5;
        return torch.cat([parameter.narrow(0, 0, pad), parameter.narrow(0, pad + 1, parameter.size(0) - pad - 1)]);
    }

    private static long[] ZeroRows(Tensor table) => table.abs().sum(1).eq(0).nonzero().flatten().data<long>().ToArray();

    /// <summary>Demands mean and deviation within five standard errors.</summary>
    private static void AssertNormal(Tensor samples, double deviation, string what)
    {
        using var scope = NewDisposeScope();
        var values = samples.detach().to(ScalarType.Float64).flatten();
        var count = values.numel();
        var (mean, actual) = (values.mean().item<double>(), values.std().item<double>());
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mean, Is.EqualTo(0).Within(5 * deviation / Math.Sqrt(count)), $"{what}: mean");
            Assert.That(actual / deviation, Is.EqualTo(1).Within(5 / Math.Sqrt(2.0 * count)), $"{what}: deviation of {count} samples, expected {deviation}");
        }
    }
}
