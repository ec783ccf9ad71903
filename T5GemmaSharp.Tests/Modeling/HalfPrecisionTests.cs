using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class HalfPrecisionTests
{
    [TestCase(ScalarType.BFloat16, 8)]
    [TestCase(ScalarType.Float16, 11)]
    public void Forward_HalfPrecision_IsCloseToFloat32WithTheSameWeights(ScalarType dtype, int mantissaBits)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var half = TinyModels.LanguageModel();
        half.to(dtype);
        using var full = TinyModels.LanguageModel();
        foreach (var (weight, rounded) in full.parameters().Zip(half.parameters()))
            weight.copy_(rounded); // so that only the arithmetic differs
        var inputs = Inputs() with { OutputHiddenStates = true, OutputAttentions = true };
        var (actual, expected) = (half.call(inputs), full.call(inputs));
        // Some hundred roundings lie between ids and logits, each of relative size 2^-bits / 2; as independent errors, which the norms keep from growing, they
        // add up to about ten times one. Twice that is allowed.
        var tolerance = 10 * Math.Pow(2, -mantissaBits);
        TestContext.Out.WriteLine($"relative distance of the logits {actual.Logits.RelativeDistance(expected.Logits):g3}, allowed {tolerance:g3}");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(actual.Logits.IsFinite(), Is.True);
            Assert.That(actual.Logits.RelativeDistance(expected.Logits), Is.LessThan(tolerance));
            Assert.That(actual.EncoderLastHiddenState.RelativeDistance(expected.EncoderLastHiddenState), Is.LessThan(tolerance));
            Assert.That(actual.Loss!.item<float>(), Is.EqualTo(expected.Loss!.item<float>()).Within(tolerance * expected.Loss.item<float>()));
        }
    }

    [Test]
    public void Forward_HalfPrecision_OutputsHaveTheModelsDType([Values(ScalarType.BFloat16, ScalarType.Float16)] ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(options: new() { DType = dtype });
        var output = model.call(Inputs() with { OutputHiddenStates = true, OutputAttentions = true });
        Tensor[] tensors =
        [
            output.Logits, output.EncoderLastHiddenState, .. output.DecoderHiddenStates, .. output.EncoderHiddenStates!, .. output.DecoderAttentions!,
            .. output.CrossAttentions!, .. output.EncoderAttentions!, .. output.PastKeyValues!.SelfAttentionCache.Layers.Select(layer => layer.Keys!),
        ];
        using (Assert.EnterMultipleScope())
        {
            Assert.That(tensors.Select(tensor => tensor.dtype), Is.All.EqualTo(dtype));
            Assert.That(output.Loss!.dtype, Is.EqualTo(ScalarType.Float32));
            Assert.That(model.parameters().Select(parameter => parameter.dtype), Is.All.EqualTo(dtype));
            Assert.That(model.DType, Is.EqualTo(dtype));
        }
    }

    [Test]
    public void Forward_Classifiers_KeepTheirDTypeAndCountTokensInFloat32([Values(ScalarType.BFloat16, ScalarType.Float16)] ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var sequence = TinyModels.SequenceClassifier(options: new() { DType = dtype });
        using var token = TinyModels.TokenClassifier(options: new() { DType = dtype });
        var ids = TinyModels.Ids(2, 9);
        var rows = sequence.call(new() { InputIds = ids, Labels = torch.tensor(new[] { 2L, 0L }) });
        var values = sequence.call(new() { InputIds = ids, Labels = torch.rand(2, 3) });
        var tokens = token.call(new() { InputIds = ids, Labels = ids.remainder(3) });
        using (Assert.EnterMultipleScope())
        {
            Assert.That((rows.Logits.dtype, tokens.Logits.dtype), Is.EqualTo((dtype, dtype)));
            Assert.That((rows.Loss!.dtype, values.Loss!.dtype, tokens.Loss!.dtype), Is.EqualTo((dtype, dtype, ScalarType.Float32)), "the reference upcasts for tokens only");
            Assert.That((rows.Loss.IsFinite(), values.Loss.IsFinite(), tokens.Loss.IsFinite()), Is.EqualTo((true, true, true)));
        }
    }

    [Test]
    public void Generate_BFloat16_CachedStepsGiveNearlyTheSameScores()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel(options: new() { DType = ScalarType.BFloat16 });
        var inputs = new GenerationInputs { InputIds = TinyModels.Ids(2, 9) };
        var settings = new GenerationConfig { MaxNewTokens = 3, EosTokenId = [], OutputScores = true };
        var (cached, uncached) = (model.Generate(inputs, settings), model.Generate(inputs, settings with { UseCache = false }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cached.Scores!.Select(scores => scores.dtype), Is.All.EqualTo(ScalarType.Float32));
            Assert.That(torch.stack(cached.Scores!).RelativeDistance(torch.stack(uncached.Scores!)), Is.LessThan(10 * Math.Pow(2, -8)));
        }
    }

    private static T5GemmaInputs Inputs()
    {
        var ids = TinyModels.Ids(3, 11);
        ids[1, TensorIndex.Slice(4)] = TinyModels.Pad;
        return new() { InputIds = ids, AttentionMask = ids.ne(TinyModels.Pad), Labels = TinyModels.Ids(3, 9, seed: 12) };
    }
}
