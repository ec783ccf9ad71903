using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>The model that is measured, and what it reads.</summary>
internal static class BenchmarkModel
{
    private const long FirstOrdinaryId = 3;
    private const long Seed = 0;

    /// <summary>Loads the folder, or draws weights of the preset's shapes, which are then quantized where that is asked for.</summary>
    public static T5GemmaForConditionalGeneration Create(BenchmarkSettings settings)
    {
        if (settings.Folder is { } folder)
            return Load(settings, folder);
        var model = Draw(settings, settings.Preset!); // one of them is given
        if (settings.Quantization is { } quantization)
            _ = model.Quantize(quantization);
        return model;
    }

    public static T5GemmaForConditionalGeneration Load(BenchmarkSettings settings, string folder)
        => T5GemmaForConditionalGeneration.FromPretrained(folder, Options(settings) with { Quantization = settings.Quantization });

    public static T5GemmaForConditionalGeneration Draw(BenchmarkSettings settings, string preset)
    {
        torch.manual_seed(Seed);
        var options = Options(settings);
        var model = T5GemmaForConditionalGeneration.FromConfig(PublishedShapes.Config(preset), options with { DType = options.DType ?? ScalarType.BFloat16 });
        model.eval();
        return model;
    }

    /// <summary>A batch of random texts without padding. Its tensors belong to the caller's dispose scope.</summary>
    public static GenerationInputs Inputs(BenchmarkSettings settings, T5GemmaConfig config)
    {
        using var scope = NewDisposeScope();
        torch.manual_seed(Seed);
        long[] shape = [settings.Batch, settings.SourceLength];
        return new GenerationInputs
        {
            InputIds = scope.MoveToOuter(torch.randint(FirstOrdinaryId, config.Encoder.VocabSize, shape, dtype: ScalarType.Int64).to(settings.Device)),
            AttentionMask = scope.MoveToOuter(torch.ones(shape, dtype: ScalarType.Int64, device: settings.Device)),
        };
    }

    private static PretrainedOptions Options(BenchmarkSettings settings) => new() { Device = settings.Device, DType = settings.DType, Attention = settings.Attention };
}
