using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Encode;

/// <summary>The kernels on a GPU against the modules in float32, with the modules in bf16 as the measure of what rounding costs.</summary>
public sealed class CudaEncoderTests : GpuFixture
{
    private static readonly Dictionary<string, T5GemmaModuleConfig> Configs = new()
    {
        ["heads of 64"] = Config(hidden: 792, intermediate: 2048, heads: 12, keyHeads: 12, headDim: 64, window: 16),
        ["heads of 128 in groups"] = Config(hidden: 512, intermediate: 1024, heads: 8, keyHeads: 2, headDim: 128, window: 100),
        ["2b"] = Config(hidden: 2304, intermediate: 9216, heads: 8, keyHeads: 4, headDim: 256, window: 4096),
        ["2b with a small window"] = Config(hidden: 2304, intermediate: 9216, heads: 8, keyHeads: 4, headDim: 256, window: 70),
    };

    private IDisposable _noGrad = null!;

    private static IEnumerable<TestCaseData> Cases()
    {
        string[] paddings = ["none", "right", "left", "holes", "a row"];
        foreach (var config in Configs.Keys)
        {
            foreach (var (length, batch) in new[] { (1, 1), (5, 2), (63, 3), (64, 8), (65, 2), (500, 4), (4096, 2) })
                yield return new TestCaseData(config, length, batch, paddings[(length + config.Length) % paddings.Length]);
            foreach (var padding in paddings)
                yield return new TestCaseData(config, 333, 3, padding);
        }
    }

    [SetUp]
    public void StopRecording() => _noGrad = torch.no_grad();

    [TearDown]
    public void Record() => _noGrad?.Dispose();

    [TestCaseSource(nameof(Cases))]
    public void States_EveryShape_AreAsNearToFloat32AsTheModules(string config, int length, int batch, string padding)
    {
        using var models = new Models(Configs[config]);
        var input = Input(models, batch, length) with { AttentionMask = EncoderMasks.Of(padding, batch, length, CUDA), OutputHiddenStates = true };
        var own = Kernels(models, input);
        var modules = models.Rounded.ByModules(input);
        var exact = models.Exact.ByModules(input);
        for (var index = 0; index < exact.HiddenStates!.Count; index++)
        {
            var expected = exact.HiddenStates[index];
            var (kernelError, moduleError) = (Error(own.HiddenStates![index], expected), Error(modules.HiddenStates![index], expected));
            TestContext.Out.WriteLine($"state {index}: relative error to float32: kernels {kernelError:E2}, modules {moduleError:E2}");
            Assert.That(kernelError, Is.LessThanOrEqualTo(1.5 * moduleError), $"state {index}");
            Assert.That(moduleError, Is.LessThan(0.1), "the measure itself is sound");
        }
    }

    [Test]
    public void States_EmbeddingsAndPositions_AreAsNearToFloat32AsTheModules()
    {
        using var models = new Models(Configs["2b with a small window"]);
        var embeddings = torch.randn([2, 90, 2304], device: CUDA).to(ScalarType.BFloat16);
        var positions = torch.randint(0, 5000, [2, 90], dtype: ScalarType.Int64, device: CUDA);
        var input = new T5GemmaEncoderInputs { InputsEmbeds = embeddings, PositionIds = positions };
        var exact = models.Exact.ByModules(input with { InputsEmbeds = embeddings.to(ScalarType.Float32) });
        var (own, modules) = (Error(Kernels(models, input).LastHiddenState, exact.LastHiddenState), Error(models.Rounded.ByModules(input).LastHiddenState, exact.LastHiddenState));
        Assert.That(own, Is.LessThanOrEqualTo(1.5 * modules).And.GreaterThan(0));
    }

    [Test]
    public void Call_InferenceOnTheGpu_UsesTheKernels()
    {
        using var models = new Models(Configs["heads of 64"]);
        var input = Input(models, 2, 50);
        var (called, own) = (models.Rounded.call(input).LastHiddenState, Kernels(models, input).LastHiddenState);
        Assert.That(called.Equals(own), Is.True);
    }

    [Test]
    public void ByKernels_WhatTheyDoNotServe_SaysWhy()
    {
        using var models = new Models(Configs["heads of 64"]);
        var input = Input(models, 2, 50);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Reason(input with { OutputAttentions = true }), Does.StartWith("attention probabilities"));
            Assert.That(Reason(input with { AttentionMask = torch.ones([2, 1, 1, 50], dtype: ScalarType.Bool, device: CUDA) }), Does.StartWith("a ready attention mask"));
            using (torch.enable_grad())
                Assert.That(Reason(input), Does.StartWith("gradients"));
            var hook = models.Rounded.Layers[1].Mlp.UpProj.register_forward_hook((_, _, output) => output.alias());
            Assert.That(Reason(input), Does.StartWith("a part of the encoder"));
            hook.remove();
            Assert.That(Reason(input), Is.Null);
        }

        string? Reason(T5GemmaEncoderInputs given)
        {
            using var output = NewDisposeScope();
            var result = models.Rounded.ByKernels(given, out var reason);
            Assert.That(reason is null, Is.EqualTo(result is not null));
            Assert.That(models.Rounded.ExplainModules(given), Is.EqualTo(reason));
            return reason;
        }
    }

    [Test]
    public void ByKernels_Repeated_LeavesNothing()
    {
        using var models = new Models(Configs["heads of 64"]);
        var input = Input(models, 2, 50) with { OutputHiddenStates = true };
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            Kernels(models, input);
        });
    }

    private static T5GemmaModuleConfig Config(long hidden, long intermediate, long heads, long keyHeads, long headDim, long window) => new()
    {
        VocabSize = 1000,
        HiddenSize = hidden,
        IntermediateSize = intermediate,
        NumHiddenLayers = 2,
        NumAttentionHeads = heads,
        NumKeyValueHeads = keyHeads,
        HeadDim = headDim,
        QueryPreAttnScalar = headDim,
        SlidingWindow = window,
    };

    private static T5GemmaEncoderInputs Input(Models models, int batch, int length)
        => new() { InputIds = torch.randint(3, models.Vocabulary, [batch, length], dtype: ScalarType.Int64, device: CUDA) };

    private static BaseModelOutput Kernels(Models models, T5GemmaEncoderInputs input)
        => models.Rounded.ByKernels(input, out var reason) ?? throw new AssertionException(reason ?? "no reason");

    private static double Error(Tensor actual, Tensor expected) => ((actual - expected).norm() / expected.norm()).item<float>();

    /// <summary>The same bf16 weights twice: as they are, and in float32.</summary>
    private sealed class Models : IDisposable
    {
        private readonly T5GemmaEncoderModel _rounded;
        private readonly T5GemmaEncoderModel _exact;

        public Models(T5GemmaModuleConfig stack)
        {
            torch.random.manual_seed(5);
            var config = new T5GemmaConfig { VocabSize = stack.VocabSize, Encoder = stack, Decoder = stack, IsEncoderDecoder = false };
            _rounded = T5GemmaEncoderModel.FromConfig(config, new PretrainedOptions { DType = ScalarType.BFloat16, Device = CUDA });
            _exact = T5GemmaEncoderModel.FromConfig(config, new PretrainedOptions { DType = ScalarType.Float32, Device = CUDA, Attention = AttentionImplementation.Eager });
            foreach (var ((name, rounded), exact) in _rounded.named_parameters().Zip(_exact.parameters()))
            {
                // Norms around one, scores that the cap bends, and tokens that differ.
                using var drawn = torch.randn_like(rounded).mul_(name.Contains("norm", StringComparison.Ordinal) ? 0.1 : 0.05);
                rounded.copy_(drawn);
                exact.copy_(drawn);
            }
            _rounded.eval();
            _exact.eval();
            Vocabulary = stack.VocabSize;
        }

        public long Vocabulary { get; }

        public T5GemmaSharp.Modeling.T5GemmaEncoder Rounded => _rounded.Encoder;

        public T5GemmaSharp.Modeling.T5GemmaEncoder Exact => _exact.Encoder;

        public void Dispose()
        {
            _rounded.Dispose();
            _exact.Dispose();
        }
    }
}
