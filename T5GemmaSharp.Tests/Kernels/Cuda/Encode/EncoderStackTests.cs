using NUnit.Framework;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels.Cuda;
using T5GemmaSharp.Kernels.Cuda.Encode;
using T5GemmaSharp.Modeling;
using T5GemmaSharp.Modeling.Inputs;
using T5GemmaSharp.Modeling.Outputs;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Encode;

/// <summary>The stack over operators of torch against the modules, in float32 on the CPU, and what needs no device of its kernels.</summary>
public sealed class EncoderStackTests
{
    private T5GemmaForConditionalGeneration _model = null!;
    private DisposeScope _scope = null!;

    private T5GemmaEncoder Encoder => _model.Model.Encoder;

    [SetUp]
    public void Build()
    {
        _model = SampleModel.RandomLM();
        _scope = NewDisposeScope();
    }

    [TearDown]
    public void Dispose()
    {
        _scope.Dispose();
        _model.Dispose();
    }

    [Test]
    public void Run_PaddedBatches_EqualsTheModules([Values("none", "right", "left", "holes", "a row")] string padding, [Values(1, 4, 5, 6, 23)] int length)
    {
        using var noGrad = torch.no_grad();
        var mask = EncoderMasks.Of(padding, batch: 3, length, CPU);
        AssertEqual(new() { InputIds = Ids(3, length), AttentionMask = mask, OutputHiddenStates = true });
    }

    [Test]
    public void Run_MaskFromIds_EqualsTheModules()
    {
        using var noGrad = torch.no_grad();
        AssertEqual(new() { InputIds = SampleModel.SourceIds() });
    }

    [Test]
    public void Run_EmbeddingsAndPositionsOfEachRow_EqualsTheModules()
    {
        using var noGrad = torch.no_grad();
        var positions = torch.tensor(new long[,] { { 0, 1, 2, 3, 4, 5, 6 }, { 9, 8, 7, 3, 0, 0, 40 } });
        AssertEqual(new() { InputsEmbeds = torch.randn(2, 7, 24), PositionIds = positions, OutputHiddenStates = true });
    }

    [Test]
    public void Run_MaskOfAnotherLength_IsRefusedAsByTheModules()
    {
        using var noGrad = torch.no_grad();
        var input = new T5GemmaEncoderInputs { InputIds = Ids(2, 7), AttentionMask = torch.ones(2, 6) };
        var expected = Assert.Throws<ArgumentException>(() => Encoder.ByModules(input));
        Assert.That(Assert.Throws<ArgumentException>(() => Run(input)).Message, Is.EqualTo(expected.Message));
    }

    [Test]
    public void Run_Repeated_LeavesNothing()
    {
        using var noGrad = torch.no_grad();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            Run(new() { InputIds = SampleModel.SourceIds(), OutputHiddenStates = true });
        });
    }

    [Test]
    public void ByKernels_OnTheCpu_SaysWhyNot()
    {
        using var noGrad = torch.no_grad();
        var output = Encoder.ByKernels(new() { InputIds = SampleModel.SourceIds() }, out var reason);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(output, Is.Null);
            Assert.That(reason, Is.EqualTo("the model is on cpu"));
            Assert.That(Encoder.ExplainModules(new() { InputIds = SampleModel.SourceIds() }), Is.EqualTo(reason));
        }
    }

    [TestCase(64, "sm_80")]
    [TestCase(128, "sm_86")]
    [TestCase(256, "sm_80")]
    [TestCase(256, "sm_90")]
    public void Source_EveryHeadSize_Compiles(long headDim, string architecture)
    {
        if (Nvrtc.Instance is null)
            Assert.Ignore("NVRTC was not found.");
        var shape = new EncoderShape(SampleModel.Config.Encoder with { HeadDim = headDim });
        using var folder = new ScratchFolder();
        Assert.That(KernelCompiler.Compile("encoder.cu", architecture, shape.Constants(), new CubinCache(folder.Path)), Is.Not.Empty);
        Assert.That(shape.SharedBytes, Is.LessThanOrEqualTo(99 * 1024), "devices of compute capability 8.6 and 8.9 have no more");
    }

    private static Tensor Ids(long batch, long length) => torch.randint(3, 61, [batch, length], dtype: ScalarType.Int64);

    private BaseModelOutput Run(T5GemmaEncoderInputs input)
    {
        var config = _model.Config.Encoder;
        var embeddings = ScaledEmbedding.Call(Encoder.EmbedTokens, input.InputIds, input.InputsEmbeds, config, ("inputIds", "inputsEmbeds"));
        return new EncoderStack(Encoder, config, new TorchEncoderOperations(config)).Run(embeddings, input);
    }

    private void AssertEqual(T5GemmaEncoderInputs input)
    {
        var (actual, expected) = (Run(input), Encoder.ByModules(input));
        TensorAssert.Close(actual.LastHiddenState, expected.LastHiddenState, 2e-5, "last state");
        Assert.That(actual.HiddenStates?.Count, Is.EqualTo(expected.HiddenStates?.Count));
        foreach (var (own, other) in (actual.HiddenStates ?? []).Zip(expected.HiddenStates ?? []))
            TensorAssert.Close(own, other, 2e-5, "hidden state");
    }
}
