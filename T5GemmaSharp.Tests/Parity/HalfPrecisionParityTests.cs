using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>In bfloat16 nobody is exact; this library may lose at most 1.5 times what transformers loses with the same weights and inputs.</summary>
[Category("Parity")]
public sealed class HalfPrecisionParityTests
{
    private const double AllowedRatio = 1.5;

    private static IEnumerable<TestCaseData> Cases() =>
        from folder in ParityFolder.All
        where folder.Has("bf16.")
        from attention in new[] { AttentionImplementation.Eager, AttentionImplementation.Auto }
        select new TestCaseData(folder, attention).SetName($"bf16_{folder}_{attention}");

    [TestCaseSource(nameof(Cases))]
    public void Forward_BFloat16_LosesNoMoreThanTheReference(object source, AttentionImplementation attention)
    {
        var folder = (ParityFolder)source;
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder.Checkpoint("lm"),
            new PretrainedOptions { Device = ParityFolder.Device, DType = ScalarType.BFloat16, Attention = attention });
        var logits = model.call(new()
        {
            InputIds = folder.Read("fwd.right.eager.input_ids"),
            AttentionMask = folder.Read("fwd.right.eager.attention_mask"),
            Labels = folder.Read("fwd.right.eager.labels"),
        }).Logits;
        Assert.That(logits.dtype, Is.EqualTo(ScalarType.BFloat16));
        var exact = folder.Read("bf16.reference");
        var (ours, theirs) = (RelativeError(logits, exact), RelativeError(folder.Read("bf16.logits"), exact));
        ParityErrors.Record("bf16 logits, this library (relative L2)", folder.Name, ours);
        ParityErrors.Record("bf16 logits, transformers (relative L2)", folder.Name, theirs);
        ParityErrors.Record("bf16 logits, ratio", folder.Name, ours / theirs);
        Assert.That(ours, Is.LessThanOrEqualTo(AllowedRatio * theirs), $"relative L2 error of the logits; transformers' is {theirs}");
    }

    private static double RelativeError(Tensor logits, Tensor exact) =>
        ((logits.to(ScalarType.Float32) - exact).norm() / exact.norm()).item<float>();
}
