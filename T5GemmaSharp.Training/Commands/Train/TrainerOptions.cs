using System.CommandLine;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using TorchSharp;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of every training: where it goes, the trainer, the loss.</summary>
internal static class TrainerOptions
{
    private static readonly Option<string?> Out = new("--out") { Description = "Folder of the result, new or empty; default: the first free runs/NAME-N.", HelpName = "DIR" };
    private static readonly Option<string?> Resume = new("--resume") { Description = "Folder of a run to go on with from its last checkpoint, with the settings that it began with; without a checkpoint it begins.", HelpName = "DIR" };
    private static readonly Option<bool> ResumeForce = new("--resume-force") { Description = "Go on although settings or data have changed." };
    private static readonly Option<int?> Steps = NumberOption.Create<int>("--steps", "Optimizer steps.");
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", "Examples a step.");
    private static readonly Option<long?> BatchTokens = NumberOption.Create<long>("--batch-tokens", "Most tokens a step, of both stacks and with padding; steps then differ in their number of examples.", least: 1);
    private static readonly Option<int?> MicroBatchSize = NumberOption.Create<int>("--micro-batch-size", "Examples that go through the model together. Default: all of a step.");
    private static readonly Option<long?> MicroBatchTokens = NumberOption.Create<long>("--micro-batch-tokens", "Most tokens that go through the model together.", least: 1);
    private static readonly Option<double?> PeakLearningRate = NumberOption.Create<double>("--lr", "Peak learning rate.");
    private static readonly Option<int?> WarmupSteps = NumberOption.Create<int>("--warmup-steps", "Steps in which the learning rate rises to its peak.");
    private static readonly Option<LearningRateSchedule?> Schedule = new("--schedule") { Description = "Shape of the learning rate after the warm-up." };
    private static readonly Option<double?> MinimumLearningRate = NumberOption.Create<double>("--min-lr", "Last learning rate of the schedules that have one.");
    private static readonly Option<int?> DecaySteps = NumberOption.Create<int>("--decay-steps", "Last steps, in which the schedule WarmupStableDecay falls.");
    private static readonly Option<double?> WeightDecay = NumberOption.Create<double>("--weight-decay", "Decoupled weight decay.");
    private static readonly Option<double?> MaxGradientNorm = NumberOption.Create<double>("--max-grad-norm", "Largest norm of the gradient; 0: no limit.");
    private static readonly Option<double?> AverageDecay = NumberOption.Create<double>("--ema", "Decay of a moving average of the weights, for example 0.999, which is what is evaluated and saved in the end.");
    private static readonly Option<double?> LabelSmoothing = NumberOption.Create<double>("--label-smoothing", "Label smoothing, 0 to below 1: (1 - e) cross-entropy + e mean(-log p), of target tokens, or of heads where one class is right.");
    private static readonly Option<int?> ReportSteps = NumberOption.Create<int>("--report-steps", "Steps between reports.");
    private static readonly Option<int?> EvaluationSteps = NumberOption.Create<int>("--evaluation-steps", "Steps between evaluations; 0: only at the end.");
    private static readonly Option<int?> CheckpointSteps = NumberOption.Create<int>("--checkpoint-steps", "Steps between checkpoints; 0: none. A run that is interrupted always writes one.");
    private static readonly Option<int?> CheckpointLimit = NumberOption.Create<int>("--checkpoint-limit", "Checkpoints to keep. Default: all.", least: 1);
    private static readonly Option<string?> BestMetric = new("--best-metric") { Description = "Keep the checkpoint whose evaluation has the least of this number, for example loss; the run's model is that one.", HelpName = "NAME" };
    private static readonly Option<bool> GreaterIsBetter = new("--greater-is-better") { Description = "The best evaluation has the most, not the least." };
    private static readonly Option<int?> Patience = NumberOption.Create<int>("--patience", "Evaluations in a row without improvement that end the run. Default: none do.", least: 1);
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of the weights, of dropout and of the order of the examples. Default 0.");

    private static readonly Option<bool> Tf32 = new("--tf32") { Description = "On CUDA, multiply float32 matrices with ten bits after the point: faster, the sums stay float32." };

    /// <summary>An option of the loss of target tokens, which heads do not have.</summary>
    public static Option<double?> ZLoss { get; } = NumberOption.Create<double>("--z-loss", "Factor of the squared logarithm of the softmax's sum.");

    public static IReadOnlyList<Option> All { get; } =
    [
        Out, Resume, ResumeForce, Steps, BatchSize, BatchTokens, MicroBatchSize, MicroBatchTokens, PeakLearningRate, WarmupSteps, Schedule, MinimumLearningRate, DecaySteps,
        WeightDecay, MaxGradientNorm, AverageDecay, LabelSmoothing, ZLoss, ReportSteps, EvaluationSteps, CheckpointSteps, CheckpointLimit, BestMetric, GreaterIsBetter, Patience, Seed, Tf32,
    ];

    /// <summary>Applies what holds for the whole process.</summary>
    public static void Apply(ParseResult result) => torch.backends.cuda.matmul.allow_tf32 = result.GetValue(Tf32);

    /// <summary>Optimizer steps, for defaults that depend on them.</summary>
    public static int StepsOr(ParseResult result, int defaults) => result.GetValue(Steps) ?? defaults;

    /// <summary>Where the run goes; a folder that is not given is chosen by <see cref="InFolder"/>.</summary>
    public static RunRequest Run(ParseResult result, DataParallel? parallel)
    {
        var (folder, resumed) = (result.GetValue(Out), result.GetValue(Resume));
        if (folder is not null && resumed is not null)
            throw new UsageException($"--out: expected none with --resume, which goes on in {resumed}, got {folder}");
        return new RunRequest
        {
            Folder = resumed ?? folder ?? "",
            Resumes = resumed is not null,
            ResumesInAnyCase = result.GetValue(ResumeForce),
            CheckpointLimit = result.GetValue(CheckpointLimit),
            Parallel = parallel,
        };
    }

    /// <summary>Trains in the run's folder, which is taken before and given back if nothing was written to it.</summary>
    /// <param name="request">The request.</param>
    /// <param name="name">Name of the run, for a folder that is not given.</param>
    /// <param name="train">The training, with the folder; returns the exit code.</param>
    public static int InFolder(RunRequest request, string name, Func<RunRequest, int> train)
    {
        var ranks = request.Parallel?.Ranks;
        var isFirst = ranks is null or { Rank: 0 };
        var folder = request.Resumes || !isFirst ? request.Folder : RunFolder.Reserve(request.Folder.Length == 0 ? null : request.Folder, name);
        var reserved = request with { Folder = ranks?.FromFirst(folder) ?? folder };
        try
        {
            return train(reserved);
        }
        finally
        {
            if (isFirst)
                RunFolder.ReleaseIfEmpty(reserved.Folder);
        }
    }

    public static TrainingOptions Training(ParseResult result, TrainingOptions defaults)
    {
        var steps = StepsOr(result, defaults.Steps);
        var stopping = defaults.Stopping ?? new StoppingOptions();
        var isCompared = result.GetValue(BestMetric) is not null || result.GetValue(Patience) is not null;
        return defaults with
        {
            Steps = steps,
            BatchSize = result.GetValue(BatchSize) ?? defaults.BatchSize,
            BatchTokens = result.GetValue(BatchTokens) ?? defaults.BatchTokens,
            MicroBatchSize = result.GetValue(MicroBatchSize) ?? defaults.MicroBatchSize,
            MicroBatchTokens = result.GetValue(MicroBatchTokens) ?? defaults.MicroBatchTokens,
            LearningRate = result.GetValue(PeakLearningRate) ?? defaults.LearningRate,
            WarmupSteps = result.GetValue(WarmupSteps) ?? Math.Min(defaults.WarmupSteps, steps / 10),
            Schedule = result.GetValue(Schedule) ?? defaults.Schedule,
            ScheduleParameters = defaults.ScheduleParameters with
            {
                MinimumLearningRate = result.GetValue(MinimumLearningRate) ?? defaults.ScheduleParameters.MinimumLearningRate,
                DecaySteps = result.GetValue(DecaySteps) ?? defaults.ScheduleParameters.DecaySteps,
            },
            Optimizer = defaults.Optimizer with { WeightDecay = result.GetValue(WeightDecay) ?? defaults.Optimizer.WeightDecay },
            MaxGradientNorm = result.GetValue(MaxGradientNorm) ?? defaults.MaxGradientNorm,
            AverageDecay = result.GetValue(AverageDecay) ?? defaults.AverageDecay,
            ReportSteps = result.GetValue(ReportSteps) ?? defaults.ReportSteps,
            EvaluationSteps = result.GetValue(EvaluationSteps) ?? defaults.EvaluationSteps,
            CheckpointSteps = result.GetValue(CheckpointSteps) ?? defaults.CheckpointSteps,
            Stopping = !isCompared ? defaults.Stopping : stopping with
            {
                Metric = result.GetValue(BestMetric) ?? stopping.Metric,
                GreaterIsBetter = result.GetValue(GreaterIsBetter),
                Patience = result.GetValue(Patience),
                KeepsBest = result.GetValue(BestMetric) is not null,
            },
            Seed = result.GetValue(Seed) ?? defaults.Seed,
        };
    }

    public static TokenLossOptions Loss(ParseResult result, TokenLossOptions defaults) => defaults with
    {
        LabelSmoothing = result.GetValue(LabelSmoothing) ?? defaults.LabelSmoothing,
        ZLoss = result.GetValue(ZLoss) ?? defaults.ZLoss,
    };
}
