using NUnit.Framework;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests;

public sealed class T5GemmaForSequenceClassificationTests
{
    private const double Tolerance = 2e-6;
    private const long Pad = TinyModels.Pad;
    private const long Bos = TinyModels.Bos;

    // Six slots; the expected position in encoder-decoder mode is one further, because the decoder's ids are shifted, but at most the last.
    private static readonly object[] Pooling =
    [
        new object[] { "full length", new long[] { 9, 8, 7, 6, 5, 4 }, 5, 5 },
        new object[] { "right padded", new long[] { 9, 8, 7, Pad, Pad, Pad }, 2, 3 },
        new object[] { "padded by one", new long[] { 9, 8, 7, 6, 5, Pad }, 4, 5 },
        new object[] { "left padded", new long[] { Pad, Pad, 9, 8, 7, 6 }, 5, 5 },
        new object[] { "padding inside", new long[] { 9, Pad, 8, Pad, Pad, Pad }, 2, 3 },
        new object[] { "one token", new long[] { 9, Pad, Pad, Pad, Pad, Pad }, 0, 1 },
        new object[] { "all padding", new long[] { Pad, Pad, Pad, Pad, Pad, Pad }, 0, 1 },
    ];

    [TestCaseSource(nameof(Pooling))]
    public void Forward_EncoderOnly_PoolsTheLastToken(string what, long[] row, int position, int decoderPosition)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier(options: new() { IsEncoderDecoder = false });
        var inputs = new T5GemmaInputs { InputIds = Batch(row) };
        var states = ((T5GemmaEncoderModel)model.Model).call(inputs).LastHiddenState;
        var output = model.call(inputs);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(output.Logits.shape, Is.EqualTo(new long[] { 2, 3 }));
            TensorAssert.Close(output.Logits[0], Scores(model, states[0, position]), Tolerance, $"{what}: position {position}, not {decoderPosition}");
            TensorAssert.Close(output.Logits[1], Scores(model, states[1, 5]), Tolerance, "the row beside it");
        }
    }

    [TestCaseSource(nameof(Pooling))]
    public void Forward_EncoderDecoder_PoolsOneFurtherInTheShiftedDecoder(string what, long[] row, int position, int decoderPosition)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier();
        var inputs = new T5GemmaInputs { InputIds = Batch(row), AttentionMask = Batch(row).ne(Pad) };
        var shifted = torch.tensor(new[,] { { Bos, row[0], row[1], row[2], row[3], row[4] }, { Bos, 4, 5, 6, 7, 8 } });
        var states = ((T5GemmaModel)model.Model).call(inputs with { DecoderInputIds = shifted, UseCache = false }).LastHiddenState;
        var output = model.call(inputs);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(output.Logits[0], Scores(model, states[0, decoderPosition]), Tolerance, $"{what}: position {decoderPosition}, not {position}");
            TensorAssert.Close(output.Logits[1], Scores(model, states[1, 5]), Tolerance, "the row beside it");
        }
    }

    [Test]
    public void Forward_OwnDecoderIds_ArePooledByTheEncodersIds()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier();
        var inputs = new T5GemmaInputs { InputIds = Batch([9, 8, 7, Pad, Pad, Pad]), DecoderInputIds = torch.tensor(new[,] { { 2L, 5, 6 }, { 2L, 7, 8 } }) };
        var output = ((T5GemmaModel)model.Model).call(inputs with { UseCache = false });
        var (states, embeddings) = (output.LastHiddenState, ((T5GemmaModel)model.Model).Decoder.EmbedTokens.call(inputs.DecoderInputIds!));
        var expected = Scores(model, states.select(1, 2)); // the encoder says 3 and 5; the decoder has three positions
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(model.call(inputs).Logits, expected, Tolerance, "ids");
            TensorAssert.Close(model.call(inputs with { DecoderInputIds = null, DecoderInputsEmbeds = embeddings }).Logits, expected, Tolerance, "embeddings");
        }
    }

    [Test]
    public void Forward_InputsEmbeds_WorkWithoutADecoderOnly()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var pair = TinyModels.SequenceClassifier();
        using var encoder = TinyModels.SequenceClassifier(options: new() { IsEncoderDecoder = false });
        var ids = Batch([9, 8, 7, 6, 5, 4]);
        var embeddings = ((T5GemmaEncoderModel)encoder.Model).Encoder.EmbedTokens.call(ids);
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(encoder.call(new() { InputsEmbeds = embeddings }).Logits, encoder.call(new() { InputIds = ids }).Logits, Tolerance, "the last position is pooled");
            Assert.That(() => pair.call(new() { InputsEmbeds = embeddings }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("inputIds"));
            Assert.That(() => pair.call(new()), Throws.ArgumentException.With.Message.Contains("inputIds"));
        }
    }

    [Test]
    public void Forward_EncoderOutputsWithoutIds_SaysThatTheyAreNeeded()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier();
        var ids = Batch([9, 8, 7, Pad, Pad, Pad]);
        var encoded = ((T5GemmaModel)model.Model).Encoder.call(new() { InputIds = ids });
        var inputs = new T5GemmaInputs { EncoderOutputs = encoded, DecoderInputIds = torch.tensor(new[,] { { 2L, 9, 8, 7 }, { 2L, 4, 5, 6 } }) };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => model.call(inputs), Throws.ArgumentException.With.Message.Contains("inputIds"), "where the source ends is unknown");
            TensorAssert.Close(model.call(inputs with { InputIds = ids }).Logits, model.call(inputs with { InputIds = ids, EncoderOutputs = null }).Logits, Tolerance, "with ids");
        }
    }

    [Test]
    public void Forward_NoPaddingId_NeedsABatchOfOne([Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        var stack = TinyModels.Config.Decoder with { PadTokenId = isEncoderDecoder ? Pad : null };
        using var model = TinyModels.SequenceClassifier(TinyModels.Config with { Decoder = stack, PadTokenId = null, IsEncoderDecoder = isEncoderDecoder });
        if (isEncoderDecoder)
        {
            Assert.That(model.Config.PadTokenId, Is.EqualTo(Pad), "the decoder's stands in");
            return;
        }
        var one = torch.tensor(new[,] { { 9L, 8, 7, Pad } });
        var states = ((T5GemmaEncoderModel)model.Model).call(new() { InputIds = one }).LastHiddenState;
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Close(model.call(new() { InputIds = one }).Logits[0], Scores(model, states[0, 3]), Tolerance, "the last position");
            Assert.That(() => model.call(new() { InputIds = Batch([9, 8, 7, 6, 5, 4]) }), Throws.ArgumentException.With.Message.Contains("batch of 1, got 2"));
        }
    }

    [Test]
    public void Forward_Logits_HaveNoSoftCap()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = TinyModels.SequenceClassifier();
        model.Score.OutProj.bias!.fill_(1000);
        Assert.That(model.call(new() { InputIds = Batch([9, 8, 7, 6, 5, 4]) }).Logits.min().item<float>(), Is.GreaterThan(900));
    }

    [Test]
    public void Forward_OutputsAskedFor_AreTheStacksOwn([Values] bool isEncoderDecoder)
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.SequenceClassifier(options: new() { IsEncoderDecoder = isEncoderDecoder });
        var inputs = new T5GemmaInputs { InputIds = Batch([9, 8, 7, 6, 5, 4]) };
        var (plain, full) = (model.call(inputs), model.call(inputs with { OutputHiddenStates = true, OutputAttentions = true }));
        var (layers, width, heads) = isEncoderDecoder ? (3, 24, 6) : (2, 20, 4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That((plain.HiddenStates, plain.Attentions, plain.Loss), Is.EqualTo((((IReadOnlyList<Tensor>?)null), ((IReadOnlyList<Tensor>?)null), ((Tensor?)null))));
            Assert.That(full.HiddenStates!.Select(states => states.shape), Is.EqualTo(Enumerable.Repeat(new long[] { 2, 6, width }, layers + 1)));
            Assert.That(full.Attentions!.Select(weights => weights.shape), Is.EqualTo(Enumerable.Repeat(new long[] { 2, heads, 6, 6 }, layers)));
        }
    }

    /// <summary>A row beside a second one of full length.</summary>
    private static Tensor Batch(long[] row) => torch.stack([torch.tensor(row), torch.tensor(new long[] { 4, 5, 6, 7, 8, 9 })]);

    private static Tensor Scores(T5GemmaForSequenceClassification model, Tensor state) => model.Score.OutProj.call(state);
}
