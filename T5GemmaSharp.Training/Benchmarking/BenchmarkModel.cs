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

    /// <summary>Loads the folder, or draws weights of the preset's shapes.</summary>
    public static T5GemmaForConditionalGeneration Create(BenchmarkSettings settings)
        => settings.Folder is { } folder ? Load(settings, folder) : Draw(settings, settings.Preset!); // one of them is given

    public static T5GemmaForConditionalGeneration Load(BenchmarkSettings settings, string folder)
        => T5GemmaForConditionalGeneration.FromPretrained(folder, Options(settings));

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
