using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Generation;

/// <summary>Different ways to the same result.</summary>
public sealed class GenerationInvariantTests
{
    private const int Rows = 7;
    private const int NewTokens = 18; // three times the decoder's window

    private static readonly GenerationConfig Endless = new() { MaxNewTokens = NewTokens, EosTokenId = [] };
    private static readonly GenerationConfig Beams = Endless with { NumBeams = 3, NumReturnSequences = 2 };
    private static readonly GenerationConfig Sampling = Endless with { DoSample = true, Temperature = 1.3, NumReturnSequences = 2 };

    private static IEnumerable<TestCaseData> Modes()
    {
        yield return new TestCaseData(Endless).SetArgDisplayNames("greedy");
        yield return new TestCaseData(Beams).SetArgDisplayNames("beams");
        yield return new TestCaseData(Sampling).SetArgDisplayNames("sampling");
        yield return new TestCaseData(Beams with { DoSample = true, Temperature = 1.3 }).SetArgDisplayNames("beam sampling");
    }

    [TestCaseSource(nameof(Modes))]
    public void Generate_EveryKindOfCache_GivesEqualIds(object mode)
    {
        var config = (GenerationConfig)mode;
        using var scope = NewDisposeScope();
        using var model = Model();
        var expected = Run(model, Inputs(), config with { UseCache = false });
        TensorAssert.Equal(Run(model, Inputs(), config), expected, "dynamic");
        TensorAssert.Equal(Run(model, Inputs(), config with { CacheImplementation = "static" }), expected, "static");
    }

    [TestCaseSource(nameof(Modes))]
    public void Generate_EncodedSource_EqualsFullCall(object mode)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var expected = Run(model, Inputs(), (GenerationConfig)mode);
        using var source = model.Encode(Inputs());
        for (var use = 0; use < 3; use++)
            TensorAssert.Equal(Run(model, new() { Source = source }, (GenerationConfig)mode), expected, $"use {use}");
        TensorAssert.Equal(Run(model, new() { Source = source }, (GenerationConfig)mode with { UseCache = false }), expected, "without a cache");
    }

    [TestCase("right", 1)]
    [TestCase("left", 1)]
    [TestCase("right", 3)]
    [TestCase("left", 3)]
    public void Generate_BatchOfUnequalRows_EqualsSingleRows(string side, int beams)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var config = new GenerationConfig { MaxNewTokens = NewTokens, EosTokenId = [1, 5, 9, 13], NumBeams = beams };
        var rows = Enumerable.Range(0, Rows).Select(row => TinyModels.Ids(1, 3 + (2 * row), seed: 40 + row)).ToArray();
        var single = rows.Select(row => model.Generate(new() { InputIds = row, AttentionMask = torch.ones_like(row) }, config).Sequences[0].ToLongs()).ToArray();

        var (ids, mask) = Padded(rows, side);
        var batch = model.Generate(new() { InputIds = ids, AttentionMask = mask }, config).Sequences;
        Assert.That(single.Select(row => row.Length).Distinct().Count(), Is.GreaterThan(1), "rows end at different lengths");
        for (var row = 0; row < Rows; row++)
        {
            var actual = batch[row].ToLongs();
            Assert.That(actual[..single[row].Length], Is.EqualTo(single[row]), $"row {row}");
            Assert.That(actual[single[row].Length..].Distinct().Except([0L, 1L]), Is.Empty, $"row {row}: padding");
        }
    }

    [Test]
    public void Generate_OneBeam_EqualsGreedy()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        TensorAssert.Equal(Run(model, Inputs(), Endless with { NumBeams = 1 }), Run(model, Inputs(), Endless), "sequences");
    }

    [TestCase(1)]
    [TestCase(4)]
    public void Generate_DraftModel_EqualsGreedy(int drafts)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var assistant = drafts == 1 ? Model() : Model(seed: 8); // one that is always right, one that is mostly wrong
        var inputs = One();
        var expected = Run(model, inputs, Endless);
        var config = Endless with { NumAssistantTokens = drafts + 2, AssistantConfidenceThreshold = 0, NumAssistantTokensSchedule = "heuristic" };
        var steps = 0;
        model.LmHead.register_forward_hook((_, _, _, logits) =>
        {
            steps++;
            return logits;
        });
        var actual = model.Generate(inputs, config, new() { AssistantModel = assistant });
        TensorAssert.Equal(actual.Sequences, expected, "sequences");
        if (drafts == 1)
            Assert.That(steps, Is.LessThan(NewTokens / 2), "a draft that is right saves steps");
    }

    [Test]
    public void Generate_PromptLookup_EqualsGreedy()
    {
        using var scope = NewDisposeScope();
        using var model = TinyModels.LanguageModel(); // tied weights: it repeats itself, so that lookups hit
        var steps = 0;
        var expected = Run(model, One(), Endless);
        model.LmHead.register_forward_hook((_, _, _, logits) =>
        {
            steps++;
            return logits;
        });
        TensorAssert.Equal(Run(model, One(), Endless with { PromptLookupNumTokens = 4 }), expected, "sequences");
        Assert.That(steps, Is.LessThan(NewTokens));
    }

    [Test]
    public void Generate_SampledDraft_FollowsTheModelsDistribution()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        using var assistant = Model(seed: 8);
        using var source = model.Encode(One());
        var config = new GenerationConfig { MaxNewTokens = 2, EosTokenId = [], DoSample = true, TopK = 3, NumAssistantTokens = 2, AssistantConfidenceThreshold = 0 };
        const int Draws = 1500;
        using var plain = new Generator(5, CPU);
        using var assisted = new Generator(6, CPU);
        var (expected, actual) = (Frequencies(new() { Generator = plain }), Frequencies(new() { Generator = assisted, AssistantModel = assistant }));
        foreach (var key in expected.Keys.Union(actual.Keys))
            Assert.That(actual.GetValueOrDefault(key), Is.EqualTo(expected.GetValueOrDefault(key)).Within(0.06), $"frequency of {key}"); // four standard errors of a difference of proportions are below it

        Dictionary<string, double> Frequencies(GenerationControls controls)
        {
            var counts = new Dictionary<string, double>();
            for (var draw = 0; draw < Draws; draw++)
            {
                using var inner = NewDisposeScope();
                var key = string.Join(' ', model.Generate(new() { Source = source }, config, controls).Sequences[0].ToLongs());
                counts[key] = counts.GetValueOrDefault(key) + (1.0 / Draws);
            }

            return counts;
        }
    }

    [Test]
    public void Generate_SameSeed_GivesTheSameDraws()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var first = model.Generate(Inputs(), Sampling, new() { Seed = 3 }).Sequences;
        torch.manual_seed(99);
        TensorAssert.Equal(model.Generate(Inputs(), Sampling, new() { Seed = 3 }).Sequences, first, "same seed");
        Assert.That(model.Generate(Inputs(), Sampling, new() { Seed = 4 }).Sequences.flatten().ToLongs(), Is.Not.EqualTo(first.flatten().ToLongs()));
    }

    [Test]
    public void Generate_BeamIndices_GiveTheScoresOfTheSequences()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var config = Beams with { EosTokenId = [1, 5, 9], OutputScores = true, LengthPenalty = 0.7 };
        var output = model.Generate(Inputs(), config);
        var transitions = output.TransitionScores();
        var lengths = output.BeamIndices!.ge(0).sum(1).to(ScalarType.Float32);
        TensorAssert.Close(transitions.sum(1) / lengths.pow(0.7), output.SequencesScores!, 1e-4, "sequences scores");
    }

    [Test]
    public void Generate_FinishedRows_CostNoModelWork()
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var config = new GenerationConfig { MaxNewTokens = NewTokens, EosTokenId = [1, 5, 9, 13] };
        var batches = new List<long>();
        model.Model.Decoder.register_forward_hook((_, input, output) =>
        {
            batches.Add(input.InputIds!.size(0));
            return output;
        });
        var sequences = model.Generate(Inputs(), config).Sequences;
        var lengths = Enumerable.Range(0, Rows).Select(row => NewTokensOf(sequences[row].ToLongs(), config.EosTokenId!)).ToArray();
        Assert.That(batches, Is.EqualTo(Enumerable.Range(0, lengths.Max()).Select(step => (long)lengths.Count(length => length > step))));
    }

    private static int NewTokensOf(long[] ids, IReadOnlyList<long> eos)
    {
        var end = Array.FindIndex(ids, 1, id => eos.Contains(id));
        return end < 0 ? ids.Length - 1 : end;
    }

    private static Tensor Run(T5GemmaForConditionalGeneration model, GenerationInputs inputs, GenerationConfig config)
        => model.Generate(inputs, config, new() { Seed = config.DoSample == true ? 11 : null }).Sequences;

    private static GenerationInputs One() => new() { InputIds = TinyModels.Ids(1, 9) };

    private static GenerationInputs Inputs()
    {
        var (ids, mask) = Padded([.. Enumerable.Range(0, Rows).Select(row => TinyModels.Ids(1, 4 + row, seed: 20 + row))], "right");
        return new() { InputIds = ids, AttentionMask = mask };
    }

    private static (Tensor Ids, Tensor Mask) Padded(IReadOnlyList<Tensor> rows, string side)
    {
        var width = rows.Max(row => row.size(1));
        var ids = rows.Select(row => nn.functional.pad(row, Sides(row), value: 0)).ToArray();
        var mask = rows.Select(row => nn.functional.pad(torch.ones_like(row), Sides(row), value: 0)).ToArray();
        return (torch.cat(ids, dim: 0), torch.cat(mask, dim: 0));

        long[] Sides(Tensor row) => side == "right" ? [0, width - row.size(1)] : [width - row.size(1), 0];
    }

    /// <summary>Untied: with tied weights a random model repeats its last token.</summary>
    private static T5GemmaForConditionalGeneration Model(int seed = 7) =>
        TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false, InitializerRange = 3 }, seed: seed);
}
