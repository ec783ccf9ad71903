using T5GemmaSharp.Adapters;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Finetuning.Classification;
using T5GemmaSharp.Training.Losses;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>What a command line asks <c>train --data</c> to do.</summary>
internal sealed record FinetuningRequest
{
    /// <summary>Folder of the model that training begins with.</summary>
    public required string Model { get; init; }

    public required string Device { get; init; }

    public required string DType { get; init; }

    public required RunRequest Run { get; init; }

    /// <summary>How examples are made of the files.</summary>
    public required ExampleRequest Examples { get; init; }

    /// <summary>Files to train on.</summary>
    public required IReadOnlyList<string> Data { get; init; }

    /// <summary>Files to measure on; none: nothing is measured.</summary>
    public IReadOnlyList<string> EvaluationData { get; init; } = [];

    /// <summary>Names of metrics; none: for classes those that suit them, for generated answers none.</summary>
    public IReadOnlyList<string> Metrics { get; init; } = [];

    /// <summary>Longest generated answer.</summary>
    public int MaxNewTokens { get; init; } = 128;

    /// <summary>Settings of <see cref="Objective.Classify"/> and <see cref="Objective.TokenClassify"/>.</summary>
    public ClassificationRequest Classification { get; init; } = new();

    public required TrainingOptions Training { get; init; }

    public required TokenLossOptions Loss { get; init; }

    /// <summary>The teacher; null: there is none.</summary>
    public DistillationRequest? Distillation { get; init; }

    /// <summary>The adapter to train; null: the model itself.</summary>
    public LoraConfig? Adapter { get; init; }

    public OptimizerKind Optimizer { get; init; }

    /// <summary>Whether layers are computed again in the backward pass.</summary>
    public bool IsSegmented { get; init; }

    public Objective Objective => Examples.Objective;

    public DataFileOptions Files => Examples.Files;

    /// <summary>Examples a batch when the model is measured.</summary>
    public int EvaluationBatchSize => Training.MicroBatchSize ?? Training.BatchSize;
}
