using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>Whole generations, once with the engine and once with the modules only.</summary>
public sealed class AutoEqualsEagerTests
{
    private const int NewTokens = 18; // three times the decoder's window

    // Relative to the largest logit. Sums of float32 in another order differ by a few units of 6e-8, which grow through the layers and the steps.
    private const double Tolerance = 1e-5;

    private static readonly GenerationConfig Endless = new() { MaxNewTokens = NewTokens, EosTokenId = [] };

    private static IEnumerable<TestCaseData> Configs()
    {
        var config = TinyModels.Config with { TieWordEmbeddings = false, InitializerRange = 3 };
        yield return Case("6 heads, 3 of keys", config);
        yield return Case("6 heads, 6 of keys", Decoder(decoder => decoder with { NumKeyValueHeads = 6 }));
        yield return Case("6 heads, 1 of keys", Decoder(decoder => decoder with { NumKeyValueHeads = 1 }));
        yield return Case("heads of 2", Decoder(decoder => decoder with { HeadDim = 2 }));
        yield return Case("heads of 16", Decoder(decoder => decoder with { HeadDim = 16 }));
        yield return Case("heads of 64", Decoder(decoder => decoder with { HeadDim = 64 }));
        yield return Case("heads of 74", Decoder(decoder => decoder with { HeadDim = 74 }));
        yield return Case("multiples of 16", Decoder(decoder => decoder with { HiddenSize = 96, IntermediateSize = 160, HeadDim = 32 }));
        yield return Case("odd sizes", Decoder(decoder => decoder with { HiddenSize = 33, IntermediateSize = 51, NumAttentionHeads = 3, NumKeyValueHeads = 1, HeadDim = 10 }));
        yield return Case("no caps", Decoder(decoder => decoder with { AttnLogitSoftcapping = null, FinalLogitSoftcapping = null }));
        yield return Case("cap of the logits only", Decoder(decoder => decoder with { AttnLogitSoftcapping = null }));
        yield return Case("tied head", TinyModels.Config);
        yield return Case("all layers full", Decoder(decoder => decoder with { LayerTypes = [.. Enumerable.Repeat(LayerType.FullAttention, 3)] }));
        yield return Case("all layers sliding", Decoder(decoder => decoder with { LayerTypes = [.. Enumerable.Repeat(LayerType.SlidingAttention, 3)] }));
        yield return Case("window of 1", Decoder(decoder => decoder with { SlidingWindow = 1 }));
        yield return Case("window of 16", Decoder(decoder => decoder with { SlidingWindow = 16 }));
        yield return Case("stretched positions", Decoder(decoder => decoder with { RopeParameters = new() { RopeType = "linear", Factor = 4 } }));

        T5GemmaConfig Decoder(Func<T5GemmaModuleConfig, T5GemmaModuleConfig> change) => config with { Decoder = change(config.Decoder!) };

        static TestCaseData Case(string name, T5GemmaConfig config) => new TestCaseData(config).SetArgDisplayNames(name);
    }

    private static IEnumerable<TestCaseData> Modes()
    {
        yield return Case("greedy", Endless);
        yield return Case("rows that end early", Endless with { EosTokenId = [1, 5, 9, 13, 22, 30] });
        yield return Case("beams", Endless with { NumBeams = 3, NumReturnSequences = 2 });
        yield return Case("beams that end early", Endless with { NumBeams = 2, EosTokenId = [1, 5, 9, 13, 22, 30], EarlyStopping = EarlyStopping.True });
        yield return Case("sampling", Endless with { DoSample = true, Temperature = 1.3, NumReturnSequences = 3 });

        static TestCaseData Case(string name, GenerationConfig config) => new TestCaseData(config).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Configs))]
    public void Generate_EveryConfig_GivesEqualLogits(object config)
    {
        foreach (var cache in new[] { null, "static" })
            Check((T5GemmaConfig)config, Inputs([5, 9, 1], left: false), Endless with { CacheImplementation = cache }, rows: 3);
    }

    [TestCaseSource(nameof(Modes))]
    public void Generate_EveryMode_GivesEqualLogits(object mode)
    {
        foreach (var cache in new[] { null, "static" })
        {
            foreach (var left in new[] { false, true })
                Check(Untied, Inputs([5, 9, 3, 7], left), (GenerationConfig)mode with { CacheImplementation = cache }, rows: 12);
        }
    }

    [Test]
    public void Generate_DecoderPromptWithAMask_GivesEqualLogits([Values(null, "static")] string? cache, [Values] bool left, [Values(1, 3)] int beams)
    {
        var (prompt, mask) = TinyModels.Padded(TinyModels.Rows([8, 3, 5], seed: 31), left);
        var inputs = Inputs([5, 9, 3], left: false) with { DecoderInputIds = prompt, DecoderAttentionMask = mask };
        Check(Untied, inputs, Endless with { CacheImplementation = cache, NumBeams = beams }, rows: 9);
    }

    [Test]
    public void Generate_AnyNumberOfRows_GivesEqualLogits([Values(1, 2, 3, 4, 5, 6, 7, 8, 9, 32)] int rows)
        => Check(Untied, Inputs([.. Enumerable.Range(0, rows).Select(row => 3 + (row % 5))], left: false), Endless with { EosTokenId = [1, 5, 9, 13] }, rows);

    private static T5GemmaConfig Untied => TinyModels.Config with { TieWordEmbeddings = false, InitializerRange = 3 };

    private static void Check(T5GemmaConfig config, GenerationInputs inputs, GenerationConfig generation, int rows)
    {
        using var scope = NewDisposeScope();
        using var auto = TinyModels.LanguageModel(config);
        using var eager = TinyModels.LanguageModel(config, new PretrainedOptions { Attention = AttentionImplementation.Eager });
        using (var engine = CpuDecodeEngine.TryCreate(auto, rows, threads: 1, out _))
            Assert.That(engine, Is.Not.Null, "the generation below uses one");
        generation = generation with { OutputLogits = true, OutputScores = true };
        var controls = new GenerationControls { Seed = generation.DoSample == true ? 11 : null };
        var (actual, expected) = (auto.Generate(inputs, generation, controls), eager.Generate(inputs, generation, controls));

        TensorAssert.Equal(actual.Sequences, expected.Sequences, "sequences");
        var logits = torch.stack(expected.Logits!);
        var largest = logits.abs().max().item<float>();
        Assert.That(logits.std().item<float>(), Is.GreaterThan(0.01 * largest), "logits that differ from each other");
        var error = TensorAssert.Close(torch.stack(actual.Logits!), logits, Tolerance * largest, "logits");
        TensorAssert.Close(torch.stack(actual.Scores!), torch.stack(expected.Scores!), 2 * Tolerance * largest, "scores"); // of log_softmax: its sum has an error too
        TestContext.Out.WriteLine($"{error / largest:E2} of {largest:F1}");
    }

    private static GenerationInputs Inputs(int[] lengths, bool left)
    {
        var (ids, mask) = TinyModels.Padded(TinyModels.Rows(lengths, seed: 21), left);
        return new() { InputIds = ids, AttentionMask = mask };
    }
}
