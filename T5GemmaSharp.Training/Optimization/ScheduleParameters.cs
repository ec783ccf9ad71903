namespace T5GemmaSharp.Training.Optimization;

/// <summary>Parameters of the learning-rate schedules that have any; a schedule ignores those of the others.</summary>
/// <remarks>The names of Hugging Face's arguments stand beside the properties.</remarks>
public sealed record ScheduleParameters
{
    /// <summary>Cycles of the cosine between the warm-up and the last step (HF: <c>num_cycles</c>). Null, the default: 0.5 for all cosines, which is one fall, and 1 for the one with restarts, which is one fall too.</summary>
    public double? Cycles { get; init; }

    /// <summary>Learning rate at the end of the cosine with minimum and of warm-up-stable-decay, and at the start of the latter's warm-up (HF: <c>min_lr</c>, <c>min_lr_ratio</c>). Default 0.</summary>
    public double MinimumLearningRate { get; init; }

    /// <summary>Learning rate at the last step of the polynomial and after it (HF: <c>lr_end</c>). Default 1e-7.</summary>
    public double EndLearningRate { get; init; } = 1e-7;

    /// <summary>Power of the polynomial (HF: <c>power</c>). Default 1.</summary>
    public double Power { get; init; } = 1;

    /// <summary>Steps that set the pace of the inverse square root, and those in which T5's schedule is constant (HF: <c>timescale</c>). Null, the default: the warm-up, or 10,000 without one.</summary>
    public int? Timescale { get; init; }

    /// <summary>Last steps, in which warm-up-stable-decay falls (HF: <c>num_decay_steps</c>). Null, the default: not given; that schedule requires it.</summary>
    public int? DecaySteps { get; init; }

    /// <summary>Shape of the warm-up of warm-up-stable-decay (HF: <c>warmup_type</c>). Default a straight line.</summary>
    public RampShape WarmupShape { get; init; } = RampShape.Linear;

    /// <summary>Shape of the decay of warm-up-stable-decay (HF: <c>decay_type</c>). Default half a cosine.</summary>
    public RampShape DecayShape { get; init; } = RampShape.Cosine;

    /// <summary>Checks the parameters that a schedule uses.</summary>
    /// <param name="schedule">The schedule.</param>
    /// <param name="warmupSteps">Steps of the warm-up.</param>
    /// <param name="totalSteps">Steps of the run.</param>
    /// <param name="peak">Peak learning rate.</param>
    /// <exception cref="ArgumentException">A parameter is out of its range; the message lists all.</exception>
    public void Validate(LearningRateSchedule schedule, int warmupSteps, int totalSteps, double peak)
    {
        var faults = Faults(schedule, warmupSteps, totalSteps, peak);
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults));
    }

    /// <summary>What is wrong with the parameters that a schedule uses; empty if nothing is.</summary>
    internal IReadOnlyList<string> Faults(LearningRateSchedule schedule, int warmupSteps, int totalSteps, double peak)
    {
        List<string> faults = [];
        var isCosine = schedule is LearningRateSchedule.Cosine or LearningRateSchedule.CosineWithRestarts or LearningRateSchedule.CosineWithMinimum;
        var isStable = schedule == LearningRateSchedule.WarmupStableDecay;
        if (isCosine || (isStable && DecayShape == RampShape.Cosine))
            Check(Cycles is null or > 0 and < double.PositiveInfinity, $"Cycles: expected above 0, got {Cycles}");
        if (isStable || schedule == LearningRateSchedule.CosineWithMinimum)
            Check(MinimumLearningRate >= 0 && MinimumLearningRate <= peak, $"MinimumLearningRate: expected 0 to the peak ({peak}), got {MinimumLearningRate}");
        if (schedule == LearningRateSchedule.Polynomial)
        {
            Check(EndLearningRate >= 0 && EndLearningRate < peak, $"EndLearningRate: expected 0 to below the peak ({peak}), got {EndLearningRate}");
            Check(Power is > 0 and < double.PositiveInfinity, $"Power: expected above 0, got {Power}");
        }

        if (schedule is LearningRateSchedule.InverseSquareRoot or LearningRateSchedule.T5Legacy)
            Check(Timescale is null or >= 1, $"Timescale: expected at least 1, got {Timescale}");
        if (schedule == LearningRateSchedule.T5Legacy)
            Check(warmupSteps == 0, $"WarmupSteps: expected 0 for {schedule}, which begins constant, got {warmupSteps}");
        if (isStable)
        {
            var most = totalSteps - warmupSteps;
            Check(DecaySteps >= 0 && DecaySteps <= most, $"DecaySteps: expected 0 to the steps after the warm-up ({most}) for {schedule}, got {DecaySteps?.ToString() ?? "none"}");
            Check(Enum.IsDefined(WarmupShape), $"WarmupShape: expected {string.Join(", ", Enum.GetNames<RampShape>())}, got {WarmupShape}");
            Check(Enum.IsDefined(DecayShape), $"DecayShape: expected {string.Join(", ", Enum.GetNames<RampShape>())}, got {DecayShape}");
        }

        return faults;

        void Check(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }
    }
}
