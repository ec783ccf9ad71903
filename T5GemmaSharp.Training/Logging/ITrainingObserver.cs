namespace T5GemmaSharp.Training.Logging;

/// <summary>Sees the progress of a run.</summary>
public interface ITrainingObserver
{
    /// <summary>A step is done.</summary>
    /// <param name="step">Steps done.</param>
    void OnStep(int step);

    /// <summary>A report is due.</summary>
    /// <param name="report">The report.</param>
    void OnReport(StepReport report);

    /// <summary>An evaluation is done.</summary>
    /// <param name="report">The evaluation.</param>
    void OnEvaluation(EvaluationReport report);
}
