using T5GemmaSharp.Quantization;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a command line asks <c>evaluate --data</c> to do.</summary>
internal sealed record FileEvaluationRequest
{
    /// <summary>Folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Folder of an adapter of the model; null: none.</summary>
    public string? Adapter { get; init; }

    public required string Device { get; init; }

    public required string DType { get; init; }

    /// <summary>How the decoder's matrices are stored; null: as the folder has them.</summary>
    public WeightQuantization? Quantization { get; init; }

    /// <summary>Files to measure on.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>How examples are made of them.</summary>
    public required ExampleRequest Examples { get; init; }

    public required MeasuringOptions Measuring { get; init; }

    /// <summary>File of the generated answers; null: they are not kept.</summary>
    public string? Predictions { get; init; }

    public bool WritesJson { get; init; }
}
