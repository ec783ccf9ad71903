using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>The engine on a GPU against the modules in float32, with the modules in bf16 as the measure of what rounding costs.</summary>
public sealed class CudaDecodeEngineTests : GpuFixture
{
    private const int Steps = 40;

    private static readonly Dictionary<string, T5GemmaConfig> Configs = new()
    {
        ["heads of 32"] = DecodeCase.Config(hidden: 256, intermediate: 416, layers: 4, heads: 8, keyHeads: 8, headDim: 32, vocab: 376, window: 16),
        ["heads of 64"] = DecodeCase.Config(hidden: 768, intermediate: 2048, layers: 3, heads: 12, keyHeads: 12, headDim: 64, vocab: 5000, window: 16),
        ["heads of 128 in groups"] = DecodeCase.Config(hidden: 512, intermediate: 1024, layers: 2, heads: 8, keyHeads: 2, headDim: 128, vocab: 1003, window: 4096),
        ["2b"] = DecodeCase.Config(hidden: 2304, intermediate: 9216, layers: 2, heads: 8, keyHeads: 4, headDim: 256, vocab: 4096, window: 4096),
        ["9b"] = DecodeCase.Config(hidden: 3584, intermediate: 14336, layers: 2, heads: 16, keyHeads: 8, headDim: 256, vocab: 4096, window: 24),
    };

    private static IEnumerable<TestCaseData> Cases()
    {
        foreach (var name in Configs.Keys)
        {
            foreach (var rows in new[] { 1, 2, 7, 8, 9, 32 })
                yield return Case(name, rows, quantization: null);
            foreach (var rows in new[] { 1, 2, 9, 32 })
            {
                yield return Case(name, rows, WeightQuantization.EightBit);
                yield return Case(name, rows, WeightQuantization.FourBit);
            }
        }
        yield return Case("2b", 1, WeightQuantization.FourBitInGroups(32));
        yield return Case("2b", 8, WeightQuantization.FourBitInGroups(128));

        static TestCaseData Case(string name, int rows, WeightQuantization? quantization)
            => new TestCaseData(name, rows, quantization).SetArgDisplayNames(name, $"{rows} rows", quantization?.ToString() ?? "bf16");
    }

    [TestCaseSource(nameof(Cases))]
    public void Logits_EveryStep_AreAsNearToFloat32AsTheModules(string config, int rows, WeightQuantization? quantization)
    {
        using var noGrad = torch.no_grad();
        using var test = new DecodeCase(Configs[config], rows, sourceLength: 37, Steps, isPadded: rows > 1, quantization);
        using var engine = Create(test.Source);
        engine.Start(test.Ids.narrow(1, 0, 1));
        var logits = torch.stack(Enumerable.Range(0, Steps).Select(step => engine.NextLogits(test.Ids.narrow(1, step, 1)).clone()), dim: 1);
        var exact = test.Logits(test.Exact);
        var own = Error(logits, exact);
        var modules = Error(test.Logits(test.Modules), exact);
        TestContext.Out.WriteLine($"relative error to float32: engine {own:E2}, modules {modules:E2}");
        Assert.That(own, Is.LessThanOrEqualTo(1.5 * modules).And.GreaterThan(0));
        Assert.That(modules, Is.LessThan(0.1), "the measure itself is sound");
    }

    [TestCaseSource(nameof(Cases))]
    public void TakeTokens_RecordedGraph_EqualsPlainLaunches(string config, int rows, WeightQuantization? quantization)
    {
        using var noGrad = torch.no_grad();
        using var test = new DecodeCase(Configs[config], rows, sourceLength: 37, steps: 3, isPadded: false, quantization);
        var (recorded, plain) = (Greedy(isPlain: false), Greedy(isPlain: true));
        Assert.That(recorded.Ids, Is.EqualTo(plain.Ids));
        Assert.That(recorded.Logits, Is.EqualTo(plain.Logits), "logits after the last step, bit for bit");
        Assert.That(recorded.Ids.Distinct().Count(), Is.GreaterThan(3), "the tokens differ");

        (long[] Ids, float[] Logits) Greedy(bool isPlain)
        {
            using var engine = Create(test.Source, maxLength: 600);
            engine.IsPlain = isPlain;
            engine.Start(test.Ids.narrow(1, 0, 2));
            for (var step = 0; step < 300; step += 10)
                engine.TakeTokens(10);
            var ids = engine.Sequences();
            return (ids.cpu().data<long>().ToArray(), engine.NextLogits(ids.narrow(1, -1, 1)).cpu().data<float>().ToArray());
        }
    }

    [TestCase(1)]
    [TestCase(5)]
    public void Generate_Greedy_TakesTheLargestLogitOfEveryStep(int rows)
    {
        using var noGrad = torch.no_grad();
        using var test = new DecodeCase(Configs["heads of 64"], rows, sourceLength: 20, steps: 3, isPadded: false);
        var config = new GenerationConfig { MaxNewTokens = 60, EosTokenId = [7, 9], DoSample = false };
        var onDevice = test.Model.Generate(test.Inputs, config);
        var stepwise = test.Model.Generate(test.Inputs, config with { OutputScores = true });
        TensorAssert.Equal(onDevice.Sequences, stepwise.Sequences, "sequences");
    }

    [TestCase(1)]
    [TestCase(5)]
    public void Generate_Sampled_DrawsFromTheLogitsOfEveryStep(int rows)
    {
        using var noGrad = torch.no_grad();
        using var test = new DecodeCase(Configs["heads of 64"], rows, sourceLength: 20, steps: 3, isPadded: false);
        var config = new GenerationConfig { MaxNewTokens = 60, EosTokenId = [], DoSample = true, Temperature = 0.9, TopK = 200, TopP = 0.95 };
        var (once, again, other) = (Sampled(7), Sampled(7), Sampled(8));
        Assert.That(once.Route.Engine, Is.EqualTo(DecodingEngine.CudaGraph));
        TensorAssert.Equal(once.Sequences, again.Sequences, "sequences of a seed");
        Assert.That(once.Sequences.Equals(other.Sequences), Is.False, "another seed");

        using var engine = Create(test.Source);
        var settings = GenerationSettingsResolver.Resolve(config, new GenerationControls(), promptLength: 1, Configs["heads of 64"].VocabSize);
        var draws = DrawSettings.For(settings, rows, seed: 7);
        var ids = once.Sequences;
        engine.Start(ids.narrow(1, 0, 1));
        for (var position = 0; position < 60; position++)
        {
            var logits = engine.NextLogits(ids.narrow(1, position, 1)).cpu();
            for (var row = 0; row < rows; row++)
            {
                var (token, margin) = DrawReference.Draw(logits[row].data<float>().ToArray(), draws[row], (uint)position);
                if (margin > 1e-5)
                    Assert.That(ids[row, position + 1].item<long>(), Is.EqualTo(token), $"row {row}, position {position}, margin {margin:E1}");
            }
        }

        GenerationOutput Sampled(long seed) => test.Model.Generate(test.Inputs, config, new GenerationControls { Seed = seed });
    }

    [Test]
    public void Generate_Fused_UsesTheKernelsOrSaysWhyNot()
    {
        using var noGrad = torch.no_grad();
        var options = new PretrainedOptions { DType = ScalarType.BFloat16, Device = CUDA, Attention = AttentionImplementation.Fused };
        using var model = T5GemmaForConditionalGeneration.FromConfig(Configs["heads of 64"], options);
        model.eval();
        var inputs = new GenerationInputs { InputIds = torch.randint(3, 5000, [2, 9], dtype: ScalarType.Int64, device: CUDA) };
        Assert.That(model.Generate(inputs, new GenerationConfig { MaxNewTokens = 4 }).Route.Engine, Is.EqualTo(DecodingEngine.CudaGraph));
        Assert.That(() => model.Generate(inputs, new GenerationConfig { MaxNewTokens = 4, UseCache = false }), Throws.TypeOf<NotSupportedException>().With.Message.Contains("use_cache is false"));
    }

    [Test]
    public void Generate_WithGenerator_DrawsAsTorch()
    {
        using var noGrad = torch.no_grad();
        using var test = new DecodeCase(Configs["heads of 64"], rows: 2, sourceLength: 20, steps: 3, isPadded: false);
        var config = new GenerationConfig { MaxNewTokens = 20, EosTokenId = [], DoSample = true };
        using var first = new Generator(3, CPU);
        using var second = new Generator(3, CPU);
        var whole = test.Model.Generate(test.Inputs, config, new GenerationControls { Generator = first });
        var stepwise = test.Model.Generate(test.Inputs, config with { OutputScores = true }, new GenerationControls { Generator = second });
        TensorAssert.Equal(whole.Sequences, stepwise.Sequences, "sequences");
    }

    [TestCase(true)]
    [TestCase(false)]
    public async Task StreamAsync_OnDevice_TellsTheTokensAndLogProbabilitiesOfGenerate(bool samples)
    {
        using var noGrad = torch.no_grad();
        using var test = new DecodeCase(Configs["heads of 64"], rows: 1, sourceLength: 20, steps: 3, isPadded: false);
        var config = new GenerationConfig { MaxNewTokens = 30, EosTokenId = [], DoSample = samples };
        var controls = new GenerationControls { Seed = samples ? 5 : null };
        var expected = test.Model.Generate(test.Inputs, config, controls).Sequences;
        var ids = test.Inputs.InputIds!.cpu().data<long>().Select(id => (int)id).ToArray();
        using var worker = new GenerationWorker(test.Model, TinyTokenizer.Create());
        var tokens = new List<GeneratedToken>();
        await foreach (var token in worker.StreamAsync(new() { InputIds = ids, Config = config, Controls = controls }))
            tokens.Add(token);
        Assert.That(tokens.Select(token => token.Id), Is.EqualTo(expected[0].narrow(0, 1, 30).cpu().data<long>().ToArray()));
        Assert.That(tokens[^1].Route, Is.EqualTo(new DecodingRoute(DecodingEngine.CudaGraph, Reason: null)));
        var scores = await worker.RunAsync(model => model.ScoreTargets(test.Source, expected.narrow(1, 1, 30)).LogProbabilities[0].cpu().data<float>().ToArray());
        Assert.That(tokens.Select(token => token.LogProbability), Is.EqualTo(scores).Within(0.15), "the modules in bf16 round otherwise");
    }

    [Test]
    public void Generate_DeviceWithoutRoomForTheBuffers_AnswersByTheModulesAndSaysWhy()
    {
        using var noGrad = torch.no_grad();
        var deep = DecodeCase.Config(hidden: 768, intermediate: 2048, layers: 12, heads: 12, keyHeads: 12, headDim: 64, vocab: 5000, window: 16);
        using var test = new DecodeCase(deep, rows: 32, sourceLength: 20, steps: 3, isPadded: false);
        var config = new GenerationConfig { MaxNewTokens = 300, EosTokenId = [.. Enumerable.Range(0, 5000)], DoSample = false }; // room for 256 tokens, of which one is made
        Assert.That(test.Model.Generate(test.Inputs, config).Route, Is.EqualTo(new DecodingRoute(DecodingEngine.CudaGraph, Reason: null)));
        _ = test.Modules.Generate(test.Inputs, config); // cuBLAS now has its workspace
        using var full = new FullDevice(leftBytes: 160 << 20); // keys and values of 256 tokens alone need 302 MB
        var route = test.Model.Generate(test.Inputs, config).Route;
        Assert.That(route.Engine, Is.EqualTo(DecodingEngine.Modules));
        Assert.That(route.Reason, Does.StartWith("too little memory: CUDA out of memory"));
    }

    private static CudaDecodeEngine Create(EncodedSource source, long maxLength = 64)
    {
        var settings = GenerationSettingsResolver.Resolve(
            new GenerationConfig { MaxLength = maxLength, EosTokenId = [], DoSample = false }, new GenerationControls(), promptLength: 1, source.Model.Config.Decoder.VocabSize);
        return CudaDecodeEngine.TryCreate(source, rowsPerSource: 1, settings, draws: null, out var reason) ?? throw new AssertionException(reason ?? "no reason");
    }

    private static double Error(Tensor actual, Tensor expected) => ((actual - expected).norm() / expected.norm()).item<float>();
}
