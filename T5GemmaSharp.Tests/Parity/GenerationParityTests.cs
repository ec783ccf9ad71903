using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

[Category("Parity")]
public sealed class GenerationParityTests
{
    private const double ScoresTolerance = 2e-3;
    private const double SequencesScoresTolerance = 1e-4; // relative
    private const double StoredInfinity = 1e29;

    // By the modules alone, and by whatever is fastest.
    private static readonly AttentionImplementation[] Attentions = [AttentionImplementation.Eager, AttentionImplementation.Auto];

    private static IEnumerable<TestCaseData> Cases() =>
        from folder in ParityFolder.All
        from stored in folder.Cases
        where !stored.Value.TryGetProperty("error", out _)
        from attention in Attentions
        select new TestCaseData(folder, attention, stored.Key, stored.Value).SetName($"{stored.Key}_{folder}_{attention}");

    private static IEnumerable<TestCaseData> Folders() =>
        from folder in ParityFolder.All
        from attention in Attentions
        select new TestCaseData(folder, attention).SetName($"gen.prompt_{folder}_{attention}");

    [TestCaseSource(nameof(Cases))]
    public void Generate_StoredCase_EqualsReference(object source, AttentionImplementation attention, string group, JsonElement stored)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var model = Load(folder, attention);
        var hasScores = folder.Keys.Contains($"{group}.scores");
        var config = Config(stored.GetProperty("args")) with { OutputScores = hasScores };
        var controls = new GenerationControls { Seed = stored.GetProperty("seed").GetInt64() };
        var output = model.Generate(Inputs(folder, group.Split('.')[^1]), config, controls);
        TensorAssert.Equal(output.Sequences, folder.Read($"{group}.sequences"), group);
        if (hasScores)
            CheckScores(folder, group, output, config.EosTokenId ?? model.GenerationConfig.EosTokenId ?? []);
        if (folder.Keys.Contains($"{group}.sequences_scores"))
            CheckSequencesScores(folder, group, output);
    }

    [TestCaseSource(nameof(Folders))]
    public void Generate_DecoderPrompt_EqualsReference(object source, AttentionImplementation attention)
    {
        var folder = (ParityFolder)source;
        if (!folder.Has("gen.prompt."))
            Assert.Ignore("the folder has no gen.prompt group");
        using var scope = NewDisposeScope();
        using var model = Load(folder, attention);
        var output = model.Generate(
            Inputs(folder, "right") with { DecoderInputIds = folder.Read("gen.prompt.decoder_input_ids") }, new() { MaxNewTokens = 10 });
        TensorAssert.Equal(output.Sequences, folder.Read("gen.prompt.sequences"), "gen.prompt");
    }

    private static void CheckScores(ParityFolder folder, string group, GenerationOutput output, IReadOnlyList<long> eos)
    {
        var expected = folder.Read($"{group}.scores"); // [rows, steps, V]
        Assert.That(output.Scores, Has.Count.EqualTo(expected.size(1)));
        var actual = torch.stack(output.Scores!, 1);
        // A row counts up to and including the step in which it ends; what a finished row scores is nobody's concern.
        var steps = output.Sequences.narrow(1, output.Sequences.size(1) - expected.size(1), expected.size(1));
        var ended = torch.zeros_like(steps, dtype: ScalarType.Bool);
        foreach (var id in eos)
            ended.logical_or_(steps.eq(id));
        var counts = ended.to(ScalarType.Int64).cumsum(1) - ended.to(ScalarType.Int64);
        var finite = expected.abs().lt(StoredInfinity) & counts.eq(0).unsqueeze(-1);
        var error = TensorAssert.Close(torch.where(finite, actual, torch.zeros_like(actual)), torch.where(finite, expected, torch.zeros_like(expected)), ScoresTolerance, "scores");
        ParityErrors.Record("gen scores", folder.Name, error);
        var hidden = expected.le(-StoredInfinity) & counts.eq(0).unsqueeze(-1);
        Assert.That(actual.masked_select(hidden).isneginf().all().item<bool>(), Is.True, "what the reference rules out is ruled out");
    }

    private static void CheckSequencesScores(ParityFolder folder, string group, GenerationOutput output)
    {
        var expected = folder.Read($"{group}.sequences_scores");
        var error = ((output.SequencesScores! - expected).abs() / expected.abs()).max().item<float>();
        ParityErrors.Record("gen beam scores", folder.Name, error);
        Assert.That(error, Is.LessThan(SequencesScoresTolerance));
    }

    private static GenerationInputs Inputs(ParityFolder folder, string pad) =>
        new() { InputIds = folder.Read($"gen.{pad}.input_ids"), AttentionMask = folder.Read($"gen.{pad}.attention_mask") };

    private static GenerationConfig Config(JsonElement args) =>
        JsonSerializer.Deserialize(args, T5GemmaJsonContext.Default.GenerationConfig)!;

    private static T5GemmaForConditionalGeneration Load(ParityFolder folder, AttentionImplementation attention) =>
        T5GemmaForConditionalGeneration.FromPretrained(folder.Checkpoint("lm"),
            new PretrainedOptions { Device = ParityFolder.Device, Attention = attention });
}
