namespace T5GemmaSharp.Training;

/// <summary>How a run ended.</summary>
/// <param name="Steps">Steps done.</param>
/// <param name="Epoch">Epochs done, with fraction.</param>
/// <param name="Interrupted">Whether it was asked to stop before its last step.</param>
/// <param name="Reports">All reports, in order.</param>
/// <param name="Evaluations">All evaluations, in order.</param>
public sealed record TrainingResult(
    int Steps,
    double Epoch,
    bool Interrupted,
    IReadOnlyList<StepReport> Reports,
    IReadOnlyList<EvaluationReport> Evaluations);
