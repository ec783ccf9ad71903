using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation;

public sealed class GreedyGenerationTests
{
    private const int Rows = 5;
    private const int NewTokens = 14;

    private static readonly GenerationConfig Endless = new() { MaxNewTokens = NewTokens, EosTokenId = [] };

    [Test]
    public void Generate_WithAndWithoutCache_AreEqual()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var cached = model.Generate(Inputs(), Endless with { OutputScores = true });
        var uncached = model.Generate(Inputs(), Endless with { OutputScores = true, UseCache = false });
        using (Assert.EnterMultipleScope())
        {
            TensorAssert.Equal(uncached.Sequences, cached.Sequences, "sequences");
            Assert.That(cached.Sequences.shape, Is.EqualTo(new long[] { Rows, 1 + NewTokens }));
            Assert.That(cached.Scores, Has.Count.EqualTo(NewTokens));
            TensorAssert.Close(torch.stack(uncached.Scores!), torch.stack(cached.Scores!), 2e-5, "scores");
        }
    }

    [Test]
    public void Generate_Greedy_IsTheArgmaxOfEachForward()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Model();
        var sequences = model.Generate(Inputs(), Endless).Sequences;
        var logits = model.call(new() { InputIds = Inputs().InputIds, AttentionMask = Inputs().AttentionMask, DecoderInputIds = sequences.narrow(1, 0, NewTokens), UseCache = false }).Logits;
        TensorAssert.Equal(sequences.narrow(1, 1, NewTokens).contiguous(), logits.argmax(-1), "each token follows from those before it");
    }

    [Test]
    public void Generate_RowsThatEnd_ArePaddedWhileOthersGoOn()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var endless = Rowwise(model.Generate(Inputs(), Endless).Sequences);
        var candidates = endless.SelectMany(row => row.Skip(1)).Distinct().ToArray();
        var eos = (from first in candidates from second in candidates select new[] { first, second }).MaxBy(DistinctLengths)!;
        Assert.That(DistinctLengths(eos), Is.GreaterThan(2), "the rows must end at different steps for this test to mean anything");
        var expected = endless.Select(row => Ended(row, eos)).ToArray();

        var actual = Rowwise(model.Generate(Inputs(), Endless with { EosTokenId = eos, PadTokenId = 33 }).Sequences);
        var length = expected.Max(row => row.Length);
        Assert.That(actual, Is.EqualTo(expected.Select(row => row.Concat(Enumerable.Repeat(33L, length - row.Length)))), "a batch stops when its last row has ended");

        int DistinctLengths(long[] ends) => endless.Select(row => Ended(row, ends).Length).Distinct().Count();
    }

    [Test]
    public void Generate_NoPadId_PadsWithTheFirstEndId()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        model.GenerationConfig = new() { BosTokenId = TinyModels.Bos };
        var endless = Rowwise(model.Generate(Inputs(), new() { MaxNewTokens = NewTokens }).Sequences);
        var eos = endless[0][4];
        var actual = Rowwise(model.Generate(Inputs(), new() { MaxNewTokens = NewTokens, EosTokenId = [eos, 46] }).Sequences);
        Assert.That(actual[0].Skip(Array.IndexOf(endless[0], eos)), Is.All.EqualTo(eos));
        Assert.That(actual[0], Has.Length.GreaterThan(Array.IndexOf(endless[0], eos) + 1), "another row is longer");
    }

    [Test]
    public void Generate_MinNewTokens_ForbidsTheEndUntilThen([Values(1, 4, 6)] int minNewTokens)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var eos = Rowwise(model.Generate(Inputs(), Endless).Sequences)[0][1..3];
        var output = model.Generate(Inputs(), Endless with { EosTokenId = eos, MinNewTokens = minNewTokens, OutputScores = true });
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Rowwise(output.Sequences).SelectMany(row => row.Skip(1).Take(minNewTokens)).Intersect(eos), Is.Empty);
            Assert.That(output.Scores![minNewTokens - 1].index_select(1, torch.tensor(eos)).isneginf().all().item<bool>(), Is.True, "the scores are those after processing");
            Assert.That(output.Scores.Skip(minNewTokens).Any(scores => scores.isneginf().any().item<bool>()), Is.False, "then the end is allowed");
        }
    }

    [TestCase(null, null, 21)] // 20 new tokens by default
    [TestCase(9L, null, 9)]
    [TestCase(9L, 4L, 5)] // maxNewTokens comes first
    public void Generate_Lengths_CountTheStartToken(long? maxLength, long? maxNewTokens, int expected)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var output = model.Generate(Inputs(), new() { EosTokenId = [], MaxLength = maxLength, MaxNewTokens = maxNewTokens });
        Assert.That(output.Sequences.size(1), Is.EqualTo(expected));
    }

    [Test]
    public void Generate_DecoderPrompt_GetsTheStartTokenUnlessARowHasIt()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var prompt = TinyModels.Ids(Rows, 8, seed: 4);
        var started = prompt.clone();
        started[2, 0] = TinyModels.Bos;
        var without = model.Generate(Inputs() with { DecoderInputIds = prompt }, Endless).Sequences;
        var with = model.Generate(Inputs() with { DecoderInputIds = started }, Endless).Sequences;
        var own = model.Generate(Inputs() with { DecoderInputIds = prompt }, Endless with { DecoderStartTokenId = 9 }).Sequences;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(without.shape, Is.EqualTo(new long[] { Rows, 1 + 8 + NewTokens }));
            Assert.That(without.select(1, 0).ToLongs(), Is.All.EqualTo(TinyModels.Bos));
            TensorAssert.Equal(without.narrow(1, 1, 8).contiguous(), prompt, "prompt");
            Assert.That(with.shape, Is.EqualTo(new long[] { Rows, 8 + NewTokens }), "one row that begins with it means that all are complete");
            TensorAssert.Equal(with.narrow(1, 0, 8).contiguous(), started, "prompt");
            Assert.That(own.select(1, 0).ToLongs(), Is.All.EqualTo(9));
        }
    }

    [Test]
    public void Generate_EncoderOutputs_EqualsIds()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = Model();
        var inputs = Inputs();
        var encoded = model.Model.Encoder.call(new() { InputIds = inputs.InputIds, AttentionMask = inputs.AttentionMask });
        var actual = model.Generate(new() { EncoderOutputs = encoded, AttentionMask = inputs.AttentionMask }, Endless).Sequences;
        TensorAssert.Equal(actual, model.Generate(inputs, Endless).Sequences, "sequences");
    }

    [Test]
    public void Generate_Cancelled_StopsBetweenSteps()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var cancellation = new CancellationTokenSource();
        var steps = 0;
        model.LmHead.register_forward_hook((_, _, _, logits) =>
        {
            if (++steps == 3)
                cancellation.Cancel();
            return logits;
        });
        var inputs = Inputs();
        var before = LiveTensors.Count;
        Assert.That(() => model.Generate(inputs, Endless, cancellationToken: cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
        Assert.That((steps, LiveTensors.Count), Is.EqualTo((3, before)), "the third step was finished, and nothing is left behind");
    }

    [Test]
    public void Generate_TrainingMode_IsLeftAsItWas()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        model.train();
        _ = model.Generate(Inputs(), Endless);
        Assert.That((model.training, torch.is_grad_enabled()), Is.EqualTo((true, true)));
    }

    /// <summary>Untied: with tied weights a random model repeats its last token.</summary>
    private static T5GemmaForConditionalGeneration Model() =>
        TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false, InitializerRange = 3 });

    private static GenerationInputs Inputs()
    {
        var (ids, mask) = TinyModels.Padded(TinyModels.Rows([9, 3, 12, 1, 6]), left: false);
        return new() { InputIds = ids, AttentionMask = mask };
    }

    private static long[][] Rowwise(Tensor sequences) => [.. sequences.ToLongs().Chunk((int)sequences.size(1))];

    /// <summary>A row up to its first end id.</summary>
    private static long[] Ended(long[] row, long[] eos)
    {
        var end = Array.FindIndex(row, 1, eos.Contains);
        return end < 0 ? row : row[..(end + 1)];
    }
}
