using T5GemmaSharp.Generation;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Quantizing;

/// <summary>What a command line asks <c>quantize</c> to do.</summary>
internal sealed record QuantizationRequest
{
    /// <summary>Folder of the model.</summary>
    public required string Model { get; init; }

    public required WeightQuantization Quantization { get; init; }

    /// <summary>Folder of the quantized model; null: it is not kept.</summary>
    public string? Output { get; init; }

    public required string Device { get; init; }

    /// <summary>Dtype of what is not quantized; <c>auto</c>: the stored one.</summary>
    public required string DType { get; init; }

    /// <summary>Files to measure on; none: see <see cref="Split"/>.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>How examples are made of them.</summary>
    public required ExampleRequest Examples { get; init; }

    /// <summary>Part of the embedded recipe's words to measure on; null: <see cref="Data"/>, or nothing is measured.</summary>
    public DataSplit? Split { get; init; }

    /// <summary>Settings of the greedy answers.</summary>
    public required GenerationConfig Generation { get; init; }

    public required int BatchSize { get; init; }

    public bool WritesJson { get; init; }
}
