namespace T5GemmaSharp.Training.Optimization;

/// <summary>Learning rate as a pure function of the step.</summary>
public static class LearningRate
{
    /// <summary>Factor on the peak learning rate.</summary>
    /// <remarks>HF: <c>get_constant_schedule_with_warmup</c>, <c>get_linear_schedule_with_warmup</c>, <c>get_cosine_schedule_with_warmup</c>. At step 0 of a warm-up it is 0.</remarks>
    /// <param name="schedule">Shape after the warm-up.</param>
    /// <param name="step">Optimizer step, from 0.</param>
    /// <param name="warmupSteps">Steps in which the factor rises from 0 to 1.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative, or the schedule is unknown.</exception>
    public static double Factor(LearningRateSchedule schedule, int step, int warmupSteps, int totalSteps)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(totalSteps);
        if (step < warmupSteps)
            return (double)step / warmupSteps;
        var progress = (double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps);
        return schedule switch
        {
            LearningRateSchedule.Constant => 1,
            LearningRateSchedule.Linear => Math.Max(0, 1 - progress),
            LearningRateSchedule.Cosine => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * Math.Min(1, progress)))),
            _ => throw new ArgumentOutOfRangeException(nameof(schedule), schedule, "expected a known schedule"),
        };
    }
}
