using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Modeling;

/// <summary>A row's results depend on nothing but the row: not on its neighbours, nor on the side or amount of padding.</summary>
public sealed class PaddingInvarianceTests
{
    private const double Tolerance = 2e-5;

    private static readonly int[] Lengths = [3, 14, 1, 7, 9, 2, 11];
    private static readonly int[] DecoderLengths = [4, 2, 13, 1, 8, 5, 10];

    [Test]
    public void Forward_BatchOfUnequalRows_EqualsSingleRows(
        [Values] bool left, [Values(AttentionImplementation.Eager, AttentionImplementation.Sdpa)] AttentionImplementation attention)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel(options: new() { Attention = attention });
        var (rows, decoderRows) = (TinyModels.Rows(Lengths), TinyModels.Rows(DecoderLengths, seed: 8, vocabSize: 47));
        var (ids, mask) = TinyModels.Padded(rows, left);
        var (decoderIds, decoderMask) = TinyModels.Padded(decoderRows, left);
        var output = model.call(new()
        {
            InputIds = ids,
            AttentionMask = mask,
            PositionIds = TinyModels.Positions(mask),
            DecoderInputIds = decoderIds,
            DecoderAttentionMask = decoderMask,
            DecoderPositionIds = TinyModels.Positions(decoderMask),
        });
        for (var row = 0; row < rows.Count; row++)
        {
            var single = model.call(Row(rows[row], decoderRows[row]));
            TensorAssert.Close(Real(output.EncoderLastHiddenState, row, rows[row].Length, left), single.EncoderLastHiddenState, Tolerance, $"encoder, row {row}");
            TensorAssert.Close(Real(output.Logits, row, decoderRows[row].Length, left), single.Logits, Tolerance, $"logits, row {row}");
        }
    }

    [Test]
    public void Forward_MorePaddingOrOtherPaddingIds_ChangesNoRealPosition([Values(0, 1, 12)] int more)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var (ids, mask) = TinyModels.Padded(TinyModels.Rows([9, 4]), left: false);
        var expected = model.call(new() { InputIds = ids, AttentionMask = mask, DecoderInputIds = TinyModels.Ids(2, 7) }).Logits;
        var padding = torch.full([2, more], 17, dtype: ScalarType.Int64);
        var longer = torch.cat([ids.masked_fill(mask.eq(0), 23), padding], dim: 1);
        var longerMask = torch.cat([mask, torch.zeros_like(padding)], dim: 1);
        TensorAssert.Close(model.call(new() { InputIds = longer, AttentionMask = longerMask, DecoderInputIds = TinyModels.Ids(2, 7) }).Logits, expected, Tolerance, "logits");
    }

    [Test]
    public void Forward_LaterDecoderTokens_ChangeNoEarlierPosition()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var ids = TinyModels.Ids(2, 12, seed: 3, vocabSize: 47);
        var changed = ids.clone();
        changed[TensorIndex.Colon, TensorIndex.Slice(8)] = 5;
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 9), DecoderInputIds = ids };
        var (expected, actual) = (model.call(inputs).Logits, model.call(inputs with { DecoderInputIds = changed }).Logits);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(actual.narrow(1, 0, 8), expected.narrow(1, 0, 8), Tolerance, "earlier positions");
            Assert.That(actual.select(1, 8).RelativeDistance(expected.select(1, 8)), Is.GreaterThan(0.01), "the changed position");
        }
    }

    [Test]
    public void Forward_EncoderMaskLeftOut_CrossAttentionSeesPaddingAsInTheReference()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var (ids, mask) = TinyModels.Padded(TinyModels.Rows([9, 4]), left: false);
        var inputs = new T5GemmaInputs { InputIds = ids, AttentionMask = mask, DecoderInputIds = TinyModels.Ids(2, 7) };
        var (with, without) = (model.call(inputs), model.call(inputs with { AttentionMask = null }));
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(without.EncoderLastHiddenState[1, TensorIndex.Slice(0, 4)], with.EncoderLastHiddenState[1, TensorIndex.Slice(0, 4)], 0, "the encoder finds the padding by itself");
            TensorAssert.Close(without.Logits[0], with.Logits[0], Tolerance, "the full row");
            Assert.That(without.Logits[1].RelativeDistance(with.Logits[1]), Is.GreaterThan(0.01), "the padded row");
        }
    }

    [Test]
    public void Generate_RightPaddedBatch_EqualsSingleRows()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var rows = TinyModels.Rows(Lengths);
        var (ids, mask) = TinyModels.Padded(rows, left: false);
        var settings = new GenerationConfig { MaxNewTokens = 15, EosTokenId = [] };
        var sequences = model.Generate(new() { InputIds = ids, AttentionMask = mask }, settings).Sequences;
        for (var row = 0; row < rows.Count; row++)
            TensorAssert.Equal(sequences[row], model.Generate(new() { InputIds = torch.tensor(rows[row]).unsqueeze(0) }, settings).Sequences[0], $"row {row}");
    }

    private static T5GemmaInputs Row(long[] row, long[] decoderRow) =>
        new() { InputIds = torch.tensor(row).unsqueeze(0), DecoderInputIds = torch.tensor(decoderRow).unsqueeze(0), UseCache = false };

    private static Tensor Real(Tensor states, int row, int length, bool left) =>
        states.narrow(0, row, 1).narrow(1, left ? states.size(1) - length : 0, length);
}
