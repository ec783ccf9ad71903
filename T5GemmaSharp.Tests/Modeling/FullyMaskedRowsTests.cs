using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

/// <summary>Rows whose every key is hidden: padding rows, and queries before a left-padded prompt.</summary>
public sealed class FullyMaskedRowsTests
{
    private const int Keys = 5;

    private static readonly ScalarType[] DTypes = [ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16];

    [Test]
    public void Attend_Eager_IsUniform([ValueSource(nameof(DTypes))] ScalarType dtype, [Values(0.1, 1.0, 40.0)] double magnitude, [Values] bool isCapped)
    {
        using var scope = NewDisposeScope();
        var weights = Attend(AttentionImplementation.Eager, dtype, magnitude, isCapped ? 50 : null, BooleanMask()).Weights!;
        TensorAssert.Close(weights.select(2, 1), torch.full([1, 4, Keys], 1.0 / Keys).to(dtype), 0, "the masked row");
    }

    [Test]
    public void Attend_Sdpa_IsZero([ValueSource(nameof(DTypes))] ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        var output = Attend(AttentionImplementation.Sdpa, dtype, 1, null, BooleanMask()).Output;
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(output.select(1, 1), torch.zeros(1, 24), 0, "the masked row");
            Assert.That(output.select(1, 0).abs().max().to(ScalarType.Float32).item<float>(), Is.GreaterThan(0), "the other row");
        }
    }

    [Test]
    public void Attend_CallersAdditiveMask_IsNeverNaN([ValueSource(nameof(DTypes))] ScalarType dtype, [Values] AttentionImplementation implementation, [Values] bool isInfinite)
    {
        if (implementation == AttentionImplementation.Fused)
            return;
        using var scope = NewDisposeScope();
        // What transformers' users pass: float32, whatever the model's dtype.
        var mask = torch.zeros(1, 1, 2, Keys).masked_fill(BooleanMask().logical_not(), isInfinite ? float.NegativeInfinity : torch.finfo(ScalarType.Float32).min);
        Assert.That(Attend(implementation, dtype, 1, 50, mask).Output.IsFinite(), Is.True);
    }

    [Test]
    public void Model_AllPaddingAndLeftPaddedPrompt_StaysFiniteForwardAndBackward(
        [ValueSource(nameof(DTypes))] ScalarType dtype, [Values(AttentionImplementation.Eager, AttentionImplementation.Sdpa)] AttentionImplementation implementation)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel(options: new() { DType = dtype, Attention = implementation });
        model.train();
        using (torch.no_grad())
        {
            // Padding is embedded as zeros, where a norm's slope is 1 / sqrt(eps) = 1000: in float16 that overflows by itself, mask or not.
            model.Model.Encoder.EmbedTokens.weight![TinyModels.Pad].fill_(0.3);
        }
        var ids = TinyModels.Ids(2, 9);
        ids[1] = TinyModels.Pad;
        var decoderMask = torch.ones([2, 8], dtype: ScalarType.Int64);
        decoderMask[0, TensorIndex.Slice(0, 3)] = 0;
        decoderMask[1] = 0;
        var output = model.call(new()
        {
            InputIds = ids,
            AttentionMask = ids.ne(TinyModels.Pad),
            DecoderAttentionMask = decoderMask,
            Labels = TinyModels.Ids(2, 8, seed: 8),
        });
        output.Loss!.backward();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(output.Logits.IsFinite(), Is.True, "logits");
            foreach (var (name, parameter) in model.named_parameters())
                Assert.That(parameter.grad?.IsFinite(), Is.True, name);
        }
    }

    private static Tensor BooleanMask() => torch.tensor(new[] { true, true, false, true, true, false, false, false, false, false }).view(1, 1, 2, Keys);

    /// <summary>Runs a caller's mask through the library's own conversion, as a model does.</summary>
    private static (Tensor Output, Tensor? Weights) Attend(AttentionImplementation implementation, ScalarType dtype, double magnitude, double? cap, Tensor mask)
    {
        torch.manual_seed(5);
        var config = TinyModels.Config.Encoder with { AttnImplementation = implementation, AttnLogitSoftcapping = cap };
        var encoderStates = torch.zeros([1, Keys, 3], dtype: dtype);
        var ready = AttentionMasks.Cross(new AttentionMask(mask), encoderStates, queryLength: 2, config);
        // All scores negative and far from zero: in float16 the sum of such a score and the most negative number would overflow.
        var query = torch.ones([1, 4, 2, 6], dtype: dtype);
        var key = (-(torch.rand(1, 2, Keys, 6) + 0.5) * magnitude).to(dtype);
        var value = torch.randn(1, 2, Keys, 6).to(dtype);
        return AttentionFunctions.Attend(query, key, value, ready, config, training: false, outputAttentions: implementation != AttentionImplementation.Sdpa);
    }
}
