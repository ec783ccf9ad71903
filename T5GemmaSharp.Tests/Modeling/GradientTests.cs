using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

public sealed class GradientTests
{
    private static readonly T5GemmaConfig Biased = TinyModels.Config with
    {
        Encoder = TinyModels.Config.Encoder with { AttentionBias = true },
        Decoder = TinyModels.Config.Decoder with { AttentionBias = true },
        DropoutRate = 0.1,
        AttentionDropout = 0.1,
        ClassifierDropoutRate = 0.1,
    };

    [Test]
    public void Backward_LanguageModel_ReachesEveryParameter(
        [Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType dtype, [Values] bool isTied, [Values(AttentionImplementation.Eager, AttentionImplementation.Sdpa)] AttentionImplementation attention)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel(Biased with { TieWordEmbeddings = isTied }, new() { DType = dtype, Attention = attention });
        model.train();
        model.call(Inputs()).Loss!.backward();
        AssertGradients(model, dtype);
    }

    [Test]
    public void Backward_Classifiers_ReachEveryParameter([Values] bool isEncoderDecoder, [Values(ScalarType.Float32, ScalarType.BFloat16)] ScalarType dtype)
    {
        using var scope = NewDisposeScope();
        using var sequence = TinyModels.SequenceClassifier(Biased, new() { DType = dtype, IsEncoderDecoder = isEncoderDecoder });
        using var token = TinyModels.TokenClassifier(Biased, new() { DType = dtype, IsEncoderDecoder = isEncoderDecoder });
        sequence.train();
        token.train();
        var ids = TinyModels.Ids(2, 9);
        sequence.call(new() { InputIds = ids, Labels = torch.tensor(new[] { 2L, 0L }) }).Loss!.backward();
        token.call(new() { InputIds = ids, Labels = ids.remainder(3) }).Loss!.backward();
        AssertGradients(sequence, dtype);
        AssertGradients(token, dtype);
    }

    [Test]
    public void Backward_PaddingRow_GetsNothingThroughTheLookup()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false });
        model.train();
        var ids = TinyModels.Ids(2, 9);
        ids[0, 4] = TinyModels.Pad;
        var decoderIds = TinyModels.Ids(2, 6, seed: 9, vocabSize: 47);
        decoderIds[0, 2] = TinyModels.Pad;
        // Masks that let the padding take part: what stops the gradient is the table, not the mask.
        model.call(new()
        {
            InputIds = ids,
            AttentionMask = torch.ones(2, 9),
            DecoderInputIds = decoderIds,
            DecoderAttentionMask = torch.ones(2, 6),
            Labels = TinyModels.Ids(2, 6, seed: 10),
        }).Loss!.backward();
        foreach (var (table, used) in new[] { (model.Model.Encoder.EmbedTokens, ids), (model.Model.Decoder.EmbedTokens, decoderIds) })
        {
            var rows = table.weight!.grad!.abs().amax([1]).ToDoubles();
            using (Assert.EnterMultipleScope())
            {
                Assert.That(rows[TinyModels.Pad], Is.Zero, "padding");
                Assert.That(used.ToLongs().Where(id => id != TinyModels.Pad).Select(id => rows[id]), Is.All.GreaterThan(0), "the ids of the batch");
            }
        }
    }

    [Test]
    public void Backward_TiedPaddingRow_GetsTheHeadsGradient()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        model.train();
        model.call(Inputs()).Loss!.backward();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(model.Model.Encoder.EmbedTokens.weight!.grad![TinyModels.Pad].abs().max().item<float>(), Is.Zero);
            Assert.That(model.Model.Decoder.EmbedTokens.weight!.grad![TinyModels.Pad].abs().max().item<float>(), Is.GreaterThan(0), "every row of the tied table is a logit");
        }
    }

    [Test]
    public void Backward_Twice_Accumulates()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var weight = model.Model.Encoder.Layers[0].SelfAttn.QProj.weight!;
        model.call(Inputs()).Loss!.backward();
        var once = weight.grad!.clone();
        model.call(Inputs()).Loss!.backward();
        TensorAssert.Close(weight.grad!, once * 2, 1e-6, "gradient");
    }

    private static T5GemmaInputs Inputs()
    {
        var ids = TinyModels.Ids(2, 9);
        ids[1, TensorIndex.Slice(6)] = TinyModels.Pad;
        return new() { InputIds = ids, AttentionMask = ids.ne(TinyModels.Pad), Labels = TinyModels.Ids(2, 7, seed: 11) };
    }

    private static void AssertGradients(nn.Module model, ScalarType dtype)
    {
        using (Assert.EnterMultipleScope())
        {
            foreach (var (name, parameter) in model.named_parameters())
            {
                Assert.That(parameter.grad, Is.Not.Null, name);
                if (parameter.grad is not { } gradient)
                    continue;
                Assert.That(gradient.dtype, Is.EqualTo(dtype), name);
                Assert.That(gradient.IsFinite(), Is.True, name);
                // Softmax does not change when all its scores rise alike, which is all that a bias of the cross-attention's keys does: it has no positions.
                if (!name.EndsWith("k_proj.bias", StringComparison.Ordinal))
                    Assert.That(gradient.ToDoubles(), Has.Some.Not.Zero, name);
            }
        }
    }
}
