namespace T5GemmaSharp.Training.Optimization;

/// <summary>Learning rate as a pure function of the step.</summary>
public static class LearningRate
{
    private const int DefaultTimescale = 10_000;

    /// <summary>Factor on the peak learning rate.</summary>
    /// <remarks>
    /// HF: <c>get_constant_schedule_with_warmup</c>, <c>get_linear_schedule_with_warmup</c>, <c>get_cosine_schedule_with_warmup</c>,
    /// <c>get_cosine_with_hard_restarts_schedule_with_warmup</c>, <c>get_cosine_with_min_lr_schedule_with_warmup</c>,
    /// <c>get_polynomial_decay_schedule_with_warmup</c>, <c>get_inverse_sqrt_schedule</c>, <c>get_wsd_schedule</c>. At step 0 of a warm-up it is 0.
    /// Unlike HF's, the cosines stay where they are after the last step, instead of rising again.
    /// </remarks>
    /// <param name="schedule">Shape after the warm-up.</param>
    /// <param name="step">Optimizer step, from 0.</param>
    /// <param name="warmupSteps">Steps in which the factor rises from 0 to 1.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    /// <param name="peak">Peak learning rate, for the schedules that end at or follow a learning rate of their own: the factor times the peak is that learning rate.</param>
    /// <param name="parameters">Parameters of the schedule; null: the defaults.</param>
    /// <exception cref="ArgumentOutOfRangeException">A number is negative, the peak is not above 0, or the schedule or a shape is unknown.</exception>
    /// <exception cref="ArgumentException">The schedule's decay needs a number of steps, which is not given.</exception>
    public static double Factor(LearningRateSchedule schedule, int step, int warmupSteps, int totalSteps, double peak = 1, ScheduleParameters? parameters = null)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(step);
        ArgumentOutOfRangeException.ThrowIfNegative(warmupSteps);
        ArgumentOutOfRangeException.ThrowIfNegative(totalSteps);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(peak);
        parameters ??= new ScheduleParameters();
        if (schedule == LearningRateSchedule.T5Legacy)
            return 1 / (Math.Sqrt(Math.Max(step, parameters.Timescale ?? DefaultTimescale)) * peak);
        if (schedule == LearningRateSchedule.WarmupStableDecay)
            return WarmupStableDecay(step, warmupSteps, totalSteps, parameters.MinimumLearningRate / peak, parameters);
        if (step < warmupSteps)
            return (double)step / warmupSteps;

        var progress = (double)(step - warmupSteps) / Math.Max(1, totalSteps - warmupSteps);
        return schedule switch
        {
            LearningRateSchedule.Constant => 1,
            LearningRateSchedule.Linear => Math.Max(0, 1 - progress),
            LearningRateSchedule.Cosine => Cosine(progress, parameters.Cycles),
            LearningRateSchedule.CosineWithRestarts => Restarts(progress, parameters.Cycles),
            LearningRateSchedule.CosineWithMinimum => Above(parameters.MinimumLearningRate / peak, Cosine(progress, parameters.Cycles)),
            LearningRateSchedule.Polynomial => Above(parameters.EndLearningRate / peak, Math.Pow(Math.Max(0, 1 - progress), parameters.Power)),
            LearningRateSchedule.InverseSquareRoot => InverseSquareRoot(step, warmupSteps, parameters.Timescale),
            _ => throw new ArgumentOutOfRangeException(nameof(schedule), schedule, "expected a known schedule"),
        };
    }

    /// <summary>Half a cosine from 1 to 0 for the default of half a cycle.</summary>
    private static double Cosine(double progress, double? cycles)
        => Math.Max(0, 0.5 * (1 + Math.Cos(2 * Math.PI * (cycles ?? 0.5) * Math.Min(1, progress))));

    private static double Restarts(double progress, double? cycles)
        => progress >= 1 ? 0 : Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * ((cycles ?? 1) * progress % 1))));

    /// <summary>Squeezes a factor between 0 and 1 into the range from a minimum to 1.</summary>
    private static double Above(double minimum, double factor) => (factor * (1 - minimum)) + minimum;

    private static double InverseSquareRoot(int step, int warmupSteps, int? timescale)
    {
        double pace = timescale ?? (warmupSteps > 0 ? warmupSteps : DefaultTimescale);
        return 1 / Math.Sqrt((step + pace - warmupSteps) / pace);
    }

    private static double WarmupStableDecay(int step, int warmupSteps, int totalSteps, double minimum, ScheduleParameters parameters)
    {
        if (parameters.DecaySteps is not { } decaySteps)
            throw new ArgumentException($"parameters: expected DecaySteps for {LearningRateSchedule.WarmupStableDecay}, got none", nameof(parameters));
        if (step < warmupSteps)
            return Above(minimum, Rise((double)step / warmupSteps, parameters.WarmupShape));
        var decayed = step - (totalSteps - decaySteps);
        if (decayed < 0)
            return 1;
        return decayed < decaySteps ? Above(minimum, Fall((double)decayed / decaySteps, parameters)) : minimum;
    }

    private static double Rise(double progress, RampShape shape) => shape switch
    {
        RampShape.Linear => progress,
        RampShape.Cosine => 0.5 * (1 - Math.Cos(Math.PI * progress)),
        RampShape.OneMinusSquareRoot => 1 - Math.Sqrt(1 - progress),
        _ => throw UnknownShape(shape),
    };

    private static double Fall(double progress, ScheduleParameters parameters) => parameters.DecayShape switch
    {
        RampShape.Linear => 1 - progress,
        RampShape.Cosine => Cosine(progress, parameters.Cycles),
        RampShape.OneMinusSquareRoot => 1 - Math.Sqrt(progress),
        _ => throw UnknownShape(parameters.DecayShape),
    };

    private static ArgumentOutOfRangeException UnknownShape(RampShape shape) => new(nameof(shape), shape, "expected a known shape");
}
