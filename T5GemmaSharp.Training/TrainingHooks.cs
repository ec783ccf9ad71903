using T5GemmaSharp.Training.Logging;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Training;

/// <summary>What happens in a run besides its steps.</summary>
public sealed record TrainingHooks
{
    /// <summary>Measures the model after the given number of steps; null: no evaluation.</summary>
    public Func<int, EvaluationReport>? Evaluate { get; init; }

    /// <summary>Moving average of the weights, which takes every update and is what evaluations see; null: they see the weights.</summary>
    public MovingAverage? Average { get; init; }

    /// <summary>Keeps where the run stands; called every <see cref="TrainingOptions.CheckpointSteps"/> steps, and when a run is interrupted. Null: nothing is kept.</summary>
    public Action<RunState, Optimizer>? Checkpoint { get; init; }

    /// <summary>Sees the progress; null: nobody.</summary>
    public ITrainingObserver? Observer { get; init; }
}
