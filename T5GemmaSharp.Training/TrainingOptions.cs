using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training;

/// <summary>Settings of a <see cref="Trainer"/>.</summary>
public sealed record TrainingOptions
{
    /// <summary>Optimizer steps. A run is bounded by steps, not by the clock, so that it can be repeated.</summary>
    public required int Steps { get; init; }

    /// <summary>Most examples a step. Default 256.</summary>
    public int BatchSize { get; init; } = 256;

    /// <summary>Most tokens a step, of both stacks and with padding; null: no limit. With a limit, steps differ in their number of examples.</summary>
    public long? BatchTokens { get; init; }

    /// <summary>Most examples that go through the model together; the gradients of a step's parts add up. Null: all of them.</summary>
    public int? MicroBatchSize { get; init; }

    /// <summary>Most tokens that go through the model together, of both stacks and with padding; null: no limit.</summary>
    public long? MicroBatchTokens { get; init; }

    /// <summary>Peak learning rate. Default 3e-3.</summary>
    public double LearningRate { get; init; } = 3e-3;

    /// <summary>Steps in which the learning rate rises to its peak. Default 0.</summary>
    public int WarmupSteps { get; init; }

    /// <summary>Shape of the learning rate after the warm-up. Default cosine.</summary>
    public LearningRateSchedule Schedule { get; init; } = LearningRateSchedule.Cosine;

    /// <summary>Parameters of the schedule, where it has any. Default: Hugging Face's defaults.</summary>
    public ScheduleParameters ScheduleParameters { get; init; } = new();

    /// <summary>Constants of the optimizer.</summary>
    public AdamWOptions Optimizer { get; init; } = new() { Beta2 = 0.98, WeightDecay = 0.01 };

    /// <summary>Largest Euclidean norm of the whole gradient; 0: no limit. Default 1.</summary>
    public double MaxGradientNorm { get; init; } = 1;

    /// <summary>
    /// Whether each layer is updated as soon as the backward pass has its gradients, which are then let go: the gradients of one layer and of the decoder's embedding table are there
    /// at a time, not those of the model. The weights are the same. Needs a task that goes layer by layer, no limit of the gradient's norm and no micro-batches. Default false.
    /// </summary>
    /// <remarks>A step whose loss is not finite is left out as always; a gradient that is not finite in a layer ends the run, as other layers have changed by then.</remarks>
    public bool ReleasesGradients { get; init; }

    /// <summary>Share of the old average in a moving average of the weights, which is what is evaluated and saved in the end; null: no average.</summary>
    public double? AverageDecay { get; init; }

    /// <summary>Which parameters are trained. Default: all.</summary>
    public TrainedParts Parts { get; init; } = new();

    /// <summary>Seed of dropout and of the order of the examples. Default 0.</summary>
    public ulong Seed { get; init; }

    /// <summary>Steps between reports. Default 50.</summary>
    public int ReportSteps { get; init; } = 50;

    /// <summary>Steps between evaluations; 0: only at the end. Default 0.</summary>
    public int EvaluationSteps { get; init; }

    /// <summary>Which evaluation is the best, and when to stop; null: no evaluation is compared.</summary>
    public StoppingOptions? Stopping { get; init; }

    /// <summary>Steps between checkpoints; 0: none. Default 0.</summary>
    public int CheckpointSteps { get; init; }

    internal BatchLimits Batch => new(BatchSize, BatchTokens);

    internal BatchLimits MicroBatch => new(MicroBatchSize ?? int.MaxValue, MicroBatchTokens);

    /// <summary>Checks every setting.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range; the message lists all.</exception>
    public void Validate()
    {
        List<string> faults = [];
        Check(Steps >= 1, $"Steps: expected at least 1, got {Steps}");
        Check(BatchSize >= 1, $"BatchSize: expected at least 1, got {BatchSize}");
        Check(BatchTokens is null or >= 1, $"BatchTokens: expected at least 1, got {BatchTokens}");
        Check(MicroBatchSize is null or >= 1, $"MicroBatchSize: expected at least 1, got {MicroBatchSize}");
        Check(MicroBatchTokens is null or >= 1, $"MicroBatchTokens: expected at least 1, got {MicroBatchTokens}");
        Check(double.IsFinite(LearningRate) && LearningRate > 0, $"LearningRate: expected above 0, got {LearningRate}");
        Check(WarmupSteps >= 0 && WarmupSteps <= Steps, $"WarmupSteps: expected 0 to Steps ({Steps}), got {WarmupSteps}");
        Check(Enum.IsDefined(Schedule), $"Schedule: expected {string.Join(", ", Enum.GetNames<LearningRateSchedule>())}, got {Schedule}");
        faults.AddRange(ScheduleParameters.Faults(Schedule, WarmupSteps, Steps, LearningRate));
        Check(MaxGradientNorm >= 0, $"MaxGradientNorm: expected 0 or more, got {MaxGradientNorm}");
        Check(!ReleasesGradients || MaxGradientNorm == 0, $"MaxGradientNorm: expected 0 with ReleasesGradients, got {MaxGradientNorm}; the norm of the whole gradient is known when all layers are updated");
        Check(!ReleasesGradients || ((MicroBatchSize ?? BatchSize) >= BatchSize && MicroBatchTokens is null), $"MicroBatchSize, MicroBatchTokens: expected none with ReleasesGradients, got {MicroBatchSize} and {MicroBatchTokens}; gradients that add up cannot be released");
        Check(Optimizer.WeightDecay >= 0, $"WeightDecay: expected 0 or more, got {Optimizer.WeightDecay}");
        Check(AverageDecay is null or (> 0 and < 1), $"AverageDecay: expected above 0 and below 1, got {AverageDecay}");
        Check(Parts.CrossWarmupSteps >= 0 && Parts.CrossWarmupSteps <= Steps, $"CrossWarmupSteps: expected 0 to Steps ({Steps}), got {Parts.CrossWarmupSteps}");
        Check(ReportSteps >= 1, $"ReportSteps: expected at least 1, got {ReportSteps}");
        Check(EvaluationSteps >= 0, $"EvaluationSteps: expected 0 or more, got {EvaluationSteps}");
        Check(CheckpointSteps >= 0, $"CheckpointSteps: expected 0 or more, got {CheckpointSteps}");
        faults.AddRange(Stopping?.Faults() ?? []);
        if (faults.Count > 0)
            throw new ArgumentException(string.Join("; ", faults));

        void Check(bool holds, string fault)
        {
            if (!holds)
                faults.Add(fault);
        }
    }
}
