using T5GemmaSharp.Configuration;
using T5GemmaSharp.Quantization;
using TorchSharp;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>What a command line asks <c>benchmark</c> to measure.</summary>
internal sealed record BenchmarkSettings
{
    public required BenchmarkKind Kind { get; init; }

    /// <summary>Checkpoint folder; null: random weights of <see cref="Preset"/>.</summary>
    public string? Folder { get; init; }

    /// <summary>Name of a published size; null: <see cref="Folder"/> is given.</summary>
    public string? Preset { get; init; }

    public required torch.Device Device { get; init; }

    /// <summary>Dtype of the weights; null: the stored one, and bfloat16, as published, where there is no file.</summary>
    public torch.ScalarType? DType { get; init; }

    /// <summary>How the decoder's matrices are stored; null: as the folder has them, and as floats where there is no file.</summary>
    public WeightQuantization? Quantization { get; init; }

    public required AttentionImplementation Attention { get; init; }

    /// <summary>The generation setting <c>cache_implementation</c>.</summary>
    public required string Cache { get; init; }

    public required int Batch { get; init; }

    public required int SourceLength { get; init; }

    /// <summary>Tokens of each answer that is trained on.</summary>
    public required int TargetLength { get; init; }

    /// <summary>Pairs that go through the model together; null: all.</summary>
    public int? MicroBatch { get; init; }

    /// <summary>Whether layers are computed again in the backward pass.</summary>
    public bool IsSegmented { get; init; }

    /// <summary>Whether layers are updated within the backward pass, without clipping.</summary>
    public bool ReleasesGradients { get; init; }

    /// <summary>Rank of the adapter that is trained; null: the model is.</summary>
    public int? LoraRank { get; init; }

    public required int NewTokens { get; init; }

    public required int NumBeams { get; init; }

    /// <summary>Whether tokens are drawn.</summary>
    public bool Samples { get; init; }

    /// <summary>Runs before the counted ones.</summary>
    public required int Warmup { get; init; }

    /// <summary>Counted runs.</summary>
    public required int Repeats { get; init; }
}
