using T5GemmaSharp.Training;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Tests.Training;

/// <summary>Does something after each step.</summary>
internal sealed class StepObserver(Action<int> afterStep) : ITrainingObserver
{
    public void OnStep(int step) => afterStep(step);

    public void OnReport(StepReport report)
    {
    }

    public void OnEvaluation(EvaluationReport report)
    {
    }
}
