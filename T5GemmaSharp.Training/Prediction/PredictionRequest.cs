using T5GemmaSharp.Training.Distributed.Sharding;

namespace T5GemmaSharp.Training.Prediction;

/// <summary>What a command line asks <c>classify</c> or <c>embed</c> to do.</summary>
internal sealed record PredictionRequest
{
    /// <summary>Folder of the model.</summary>
    public required string Model { get; init; }

    /// <summary>Folder of a LoRA or DoRA adapter of the model; null: none.</summary>
    public string? Adapter { get; init; }

    public required string Device { get; init; }

    public required string DType { get; init; }

    /// <summary>File of the rows; null: standard input.</summary>
    public string? Input { get; init; }

    /// <summary>Work on a part of the rows of files; null: on all of <see cref="Input"/>.</summary>
    public ShardRequest? Shard { get; init; }

    /// <summary>Whether lines are JSON.</summary>
    public bool ReadsJson { get; init; }

    /// <summary>File of the predictions; null: standard output.</summary>
    public string? Output { get; init; }

    /// <summary>Most rows a batch.</summary>
    public required int BatchSize { get; init; }

    /// <summary>Most tokens of a row.</summary>
    public required int MaxLength { get; init; }
}
