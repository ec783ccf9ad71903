namespace T5GemmaSharp.Training.Logging;

/// <summary>Several observers as one; each sees everything, in their order.</summary>
internal sealed class TrainingObservers(params ITrainingObserver[] observers) : ITrainingObserver
{
    public void OnStep(int step) => Array.ForEach(observers, observer => observer.OnStep(step));

    public void OnReport(StepReport report) => Array.ForEach(observers, observer => observer.OnReport(report));

    public void OnEvaluation(EvaluationReport report) => Array.ForEach(observers, observer => observer.OnEvaluation(report));
}
