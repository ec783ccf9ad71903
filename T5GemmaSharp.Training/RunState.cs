using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training;

/// <summary>Where a run stands: with the weights and the optimizer's tensors all that it needs to go on.</summary>
public sealed record RunState
{
    /// <summary>Steps done.</summary>
    public int Step { get; init; }

    /// <summary>Epochs done, with fraction.</summary>
    public double Epochs { get; init; }

    /// <summary>Position of the next batch.</summary>
    public BatchPosition Position { get; init; }

    /// <summary>Steps in a row that were left out because the gradient was not finite.</summary>
    public int SkippedSteps { get; init; }

    /// <summary>The best evaluation; null: there was none.</summary>
    public BestEvaluation? Best { get; init; }

    /// <summary>Evaluations since then.</summary>
    public int StaleEvaluations { get; init; }

    /// <summary>All reports, in order.</summary>
    public IReadOnlyList<StepReport> Reports { get; init; } = [];

    /// <summary>All evaluations, in order.</summary>
    public IReadOnlyList<EvaluationReport> Evaluations { get; init; } = [];
}
