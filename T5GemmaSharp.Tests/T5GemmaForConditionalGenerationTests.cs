using NUnit.Framework;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests;

public sealed class T5GemmaForConditionalGenerationTests
{
    private const double Tolerance = 2e-6;

    private static readonly long[,] Targets = { { 9, 8, -100, 7, 1 }, { 6, -100, -100, 5, 4 } };

    [Test]
    public void PrepareDecoderInputIdsFromLabels_IgnoredLabels_BecomePadding()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var labels = torch.tensor(Targets);
        var actual = model.PrepareDecoderInputIdsFromLabels(labels);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Equal(actual, torch.tensor(new[,] { { 2L, 9, 8, 0, 7 }, { 2L, 6, 0, 0, 5 } }), "decoder ids");
            TensorAssert.Equal(labels, torch.tensor(Targets), "the labels stay");
        }
    }

    [Test]
    public void PrepareDecoderInputIdsFromLabels_NoStartOrPaddingId_SaysWhich()
    {
        using var scope = NewDisposeScope();
        var config = TinyModels.Config;
        using var noStart = TinyModels.LanguageModel(config with { Decoder = config.Decoder with { BosTokenId = null }, BosTokenId = 2 });
        using var noPad = TinyModels.LanguageModel(config with { Decoder = config.Decoder with { PadTokenId = null }, PadTokenId = 0 });
        var labels = torch.tensor(Targets);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => noStart.PrepareDecoderInputIdsFromLabels(labels), Throws.ArgumentException.With.Message.Contains("decoder.bos_token_id"));
            Assert.That(() => noPad.PrepareDecoderInputIdsFromLabels(labels), Throws.ArgumentException.With.Message.Contains("decoder.pad_token_id"));
            Assert.That(() => noPad.call(new() { InputIds = TinyModels.Ids(2, 6), Labels = labels }), Throws.ArgumentException.With.Message.Contains("decoder.pad_token_id"));
        }
    }

    [TestCase(new long[] { 5 })]
    [TestCase(new long[] { 2, 5, 1 })]
    [TestCase(new long[] { 2, 0 })]
    public void PrepareDecoderInputIdsFromLabels_WrongShape_SaysExpectedAndActual(long[] shape)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var labels = torch.zeros(shape, dtype: ScalarType.Int64);
        Assert.That(() => model.PrepareDecoderInputIdsFromLabels(labels), Throws.ArgumentException.With.Message.Contains($"got Int64 [{string.Join(", ", shape)}]"));
    }

    [Test]
    public void Forward_Labels_EqualTheShiftedIdsGivenByHand()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var labels = torch.tensor(Targets);
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 6), Labels = labels, UseCache = false };
        var byHand = inputs with { DecoderInputIds = model.PrepareDecoderInputIdsFromLabels(labels) };
        var (automatic, given) = (model.call(inputs), model.call(byHand));
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(automatic.Logits, given.Logits, 0, "logits");
            TensorAssert.Close(automatic.Loss!, given.Loss!, 0, "loss");
        }
    }

    [Test]
    public void Forward_LabelsAndOwnDecoderIds_UsesBoth()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 6), DecoderInputIds = TinyModels.Ids(2, 5, seed: 9, vocabSize: 47) };
        var output = model.call(inputs with { Labels = torch.tensor(Targets) });
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(output.Logits, model.call(inputs).Logits, 0, "the decoder read its own ids");
            Assert.That(output.Loss!.item<float>(), Is.EqualTo(Entropies(output.Logits).Average()).Within(1e-6), "the labels are not shifted");
        }
    }

    [Test]
    public void Forward_NumItemsInBatch_DividesTheSum()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 6), Labels = torch.tensor(Targets) };
        var (mean, parts) = (model.call(inputs), model.call(inputs with { NumItemsInBatch = 35 }));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(mean.Loss!.item<float>(), Is.EqualTo(Entropies(mean.Logits).Average()).Within(1e-6));
            Assert.That(parts.Loss!.item<float>(), Is.EqualTo(Entropies(mean.Logits).Sum() / 35).Within(1e-6));
            Assert.That(model.call(inputs with { Labels = torch.full([2, 5], -100L) }).Loss!.item<float>(), Is.NaN, "no label counts");
        }
    }

    [Test]
    public void Forward_LogitsToKeep_AreTheLastOrTheNamedPositions()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.LanguageModel();
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 6), DecoderInputIds = TinyModels.Ids(2, 5, seed: 9, vocabSize: 47) };
        var all = model.call(inputs).Logits;
        var indices = torch.tensor(new[] { 3L, 0L, 3L });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(all.shape, Is.EqualTo(new long[] { 2, 5, 47 }));
            TensorAssert.Close(model.call(inputs with { LogitsToKeep = 1 }).Logits, all.narrow(1, 4, 1), Tolerance, "the last");
            TensorAssert.Close(model.call(inputs with { LogitsToKeep = 3 }).Logits, all.narrow(1, 2, 3), Tolerance, "the last three");
            TensorAssert.Close(model.call(inputs with { LogitsToKeep = 9 }).Logits, all, Tolerance, "more than there are");
            TensorAssert.Close(model.call(inputs with { LogitsToKeepIndices = indices }).Logits, all.index_select(1, indices), Tolerance, "by index");
            TensorAssert.Close(model.call(inputs with { LogitsToKeepIndices = torch.tensor(new[] { -1L, 1L }) }).Logits, all.index_select(1, torch.tensor(new[] { 4L, 1L })), Tolerance, "from the end");
            Assert.That(() => model.call(inputs with { LogitsToKeep = -1 }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("logitsToKeep"));
            Assert.That(() => model.call(inputs with { LogitsToKeepIndices = torch.tensor(new[] { 5L }) }), Throws.TypeOf<ArgumentOutOfRangeException>().With.Message.Contains("logitsToKeepIndices"));
            Assert.That(() => model.call(inputs with { LogitsToKeep = 2, Labels = torch.tensor(Targets) }), Throws.ArgumentException.With.Message.Contains("labels: expected int64 [2, 2], got Int64 [2, 5]"));
        }
    }

    [Test]
    public void Forward_FinalSoftCap_BoundsTheLogitsAndActsBeforeTheLoss()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        var config = TinyModels.Config;
        using var capped = TinyModels.LanguageModel(config with { Decoder = config.Decoder with { FinalLogitSoftcapping = 2 } });
        using var raw = TinyModels.LanguageModel(config with { Decoder = config.Decoder with { FinalLogitSoftcapping = null } });
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 6), Labels = torch.tensor(Targets) };
        var (output, uncapped) = (capped.call(inputs), raw.call(inputs).Logits);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(uncapped.abs().max().item<float>(), Is.GreaterThan(2));
            TensorAssert.Close(output.Logits, (uncapped.to(ScalarType.Float64) / 2).tanh() * 2, Tolerance, "logits");
            Assert.That(output.Loss!.item<float>(), Is.EqualTo(Entropies(output.Logits).Average()).Within(1e-6));
        }
    }

    [Test]
    public void Forward_TiedAndUntied_UseTheirOwnTable()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var tied = TinyModels.LanguageModel();
        using var untied = TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false });
        var inputs = new T5GemmaInputs { InputIds = TinyModels.Ids(2, 6), DecoderInputIds = TinyModels.Ids(2, 5, seed: 9, vocabSize: 47) };
        foreach (var (model, table) in new[] { (tied, tied.Model.Decoder.EmbedTokens.weight!), (untied, untied.LmHead.OutProj!.weight!) })
        {
            var output = model.call(inputs);
            var expected = 9 * (output.DecoderHiddenStates[^1].to(ScalarType.Float64).matmul(table.to(ScalarType.Float64).t()) / 9).tanh();
            TensorAssert.Close(output.Logits, expected, 1e-5, "logits");
        }
    }

    [Test]
    public void Forward_NeitherLabelsNorDecoderIds_SaysWhatIsMissing()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel();
        var ids = TinyModels.Ids(2, 6);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.call(new() { InputIds = ids }), Throws.ArgumentException.With.Message.Contains("exactly one of decoderInputIds and decoderInputsEmbeds, got neither"));
            Assert.That(() => model.call(new() { DecoderInputIds = ids }), Throws.ArgumentException.With.Message.Contains("exactly one of inputIds and inputsEmbeds, got neither"));
            Assert.That(() => model.call(new() { InputIds = ids, DecoderInputIds = TinyModels.Ids(3, 4) }), Throws.ArgumentException.With.Message.Contains("encoderHiddenStates: expected Float32 [3, length, 20], got Float32 [2, 6, 20]"));
            Assert.That(() => model.call(new() { InputIds = ids, DecoderInputIds = ids, PositionIds = torch.zeros([2, 5], dtype: ScalarType.Int64) }), Throws.ArgumentException.With.Message.Contains("positionIds"));
            Assert.That(() => model.call(new() { InputIds = ids, DecoderInputIds = ids, DecoderPositionIds = torch.zeros(2, 6) }), Throws.ArgumentException.With.Message.Contains("decoderPositionIds"));
        }
    }

    /// <summary>Cross-entropies of <see cref="Targets"/> that count.</summary>
    private static double[] Entropies(Tensor logits)
    {
        var logProbabilities = logits.to(ScalarType.Float64).log_softmax(-1).ToDoubles();
        return [.. Targets.Cast<long>().Select((label, i) => label < 0 ? 0 : -logProbabilities[i * 47 + label]).Where(entropy => entropy > 0)];
    }
}
