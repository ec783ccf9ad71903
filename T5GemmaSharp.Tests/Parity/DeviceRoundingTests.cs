using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Kernels.Cuda.Decode;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>What the GPU's kernels lose in bfloat16 against what transformers loses with the same weights of a published model's shapes.</summary>
public sealed class DeviceRoundingTests : GpuFixture
{
    private const double AllowedRatio = 1.5;

    [Test]
    public void Logits_TeacherForced_LoseNoMoreThanTheReference()
    {
        if (Environment.GetEnvironmentVariable("T5GEMMA_ROUNDING_DIR") is not { } folder)
        {
            Assert.Ignore("T5GEMMA_ROUNDING_DIR is not set; scripts/export_rounding.py writes the folder.");
            return;
        }
        using var noGrad = torch.no_grad();
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder, new PretrainedOptions { Device = CUDA });
        model.eval();
        using var file = SafetensorsFile.Open(Path.Combine(folder, "rounding.safetensors"));
        var exact = file.Read("exact").cuda();
        var theirs = RelativeError(file.Read("transformers").cuda(), exact);
        using var source = model.Encode(new() { InputIds = file.Read("input_ids").cuda() });
        var ids = file.Read("decoder_input_ids").cuda();
        var settings = GenerationSettingsResolver.Resolve(
            new GenerationConfig { MaxLength = ids.size(1) + 1, EosTokenId = [], DoSample = false }, new GenerationControls(), promptLength: 1, model.Config.Decoder.VocabSize);
        using var engine = CudaDecodeEngine.TryCreate(source, rowsPerSource: 1, settings, draws: null, out var reason) ?? throw new AssertionException(reason ?? "no reason");
        engine.Start(ids.narrow(1, 0, 1));
        var logits = torch.stack(Enumerable.Range(0, (int)ids.size(1)).Select(step => engine.NextLogits(ids.narrow(1, step, 1)).clone()), dim: 1);
        var ours = RelativeError(logits, exact);
        TestContext.Out.WriteLine($"relative L2 error of the logits to float32: kernels {ours:E2}, transformers' bfloat16 {theirs:E2}, ratio {ours / theirs:F2}");
        Assert.That(ours, Is.LessThanOrEqualTo(AllowedRatio * theirs).And.GreaterThan(0));
    }

    private static double RelativeError(Tensor logits, Tensor exact) => ((logits - exact).norm() / exact.norm()).item<float>();
}
