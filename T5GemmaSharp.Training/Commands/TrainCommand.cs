using System.CommandLine;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>train</c>: the embedded recipe, from scratch.</summary>
internal static class TrainCommand
{
    private static readonly Option<string> Preset = CreatePreset();
    private static readonly Option<string?> Out = new("--out") { Description = "Folder of the result, new or empty; default: the first free runs/g2p-N.", HelpName = "DIR" };
    private static readonly Option<int?> Steps = NumberOption.Create<int>("--steps", "Optimizer steps.");
    private static readonly Option<int?> BatchSize = NumberOption.Create<int>("--batch-size", "Examples a step.");
    private static readonly Option<double?> PeakLearningRate = NumberOption.Create<double>("--lr", "Peak learning rate.");
    private static readonly Option<int?> WarmupSteps = NumberOption.Create<int>("--warmup-steps", "Steps in which the learning rate rises to its peak.");
    private static readonly Option<LearningRateSchedule?> Schedule = new("--schedule") { Description = "Shape of the learning rate after the warm-up." };
    private static readonly Option<double?> WeightDecay = NumberOption.Create<double>("--weight-decay", "Decoupled weight decay.");
    private static readonly Option<double?> LabelSmoothing = NumberOption.Create<double>("--label-smoothing", "Label smoothing, 0 to below 1.");
    private static readonly Option<double?> Dropout = NumberOption.Create<double>("--dropout", "Dropout rate.");
    private static readonly Option<int?> HiddenSize = NumberOption.Create<int>("--hidden-size", "Width of the model.");
    private static readonly Option<int?> Layers = NumberOption.Create<int>("--layers", "Layers of the encoder, and of the decoder.");
    private static readonly Option<int?> Heads = NumberOption.Create<int>("--heads", "Attention heads.");
    private static readonly Option<int?> IntermediateSize = NumberOption.Create<int>("--intermediate-size", "Width inside the feed-forward blocks.");
    private static readonly Option<int?> ReportSteps = NumberOption.Create<int>("--report-steps", "Steps between reports.");
    private static readonly Option<int?> EvaluationSteps = NumberOption.Create<int>("--evaluation-steps", "Steps between evaluations on a sample; 0: none.");
    private static readonly Option<int?> CheckpointSteps = NumberOption.Create<int>("--checkpoint-steps", "Steps between checkpoints; 0: none. A run that is interrupted always writes one.");
    private static readonly Option<int?> CheckpointLimit = NumberOption.Create<int>("--checkpoint-limit", "Checkpoints to keep. Default: all.");
    private static readonly Option<string?> Resume = new("--resume") { Description = "Folder of a run to go on with from its last checkpoint, with the settings that it began with; without a checkpoint it begins.", HelpName = "DIR" };
    private static readonly Option<bool> ResumeForce = new("--resume-force") { Description = "Go on although settings or data have changed." };
    private static readonly Option<int?> MicroBatchSize = NumberOption.Create<int>("--micro-batch-size", "Examples that go through the model together. Default: all of a step.");
    private static readonly Option<ulong?> Seed = NumberOption.Create<ulong>("--seed", "Seed of the weights, of dropout and of the order of the examples. Default 0.");
    private static readonly Option<string> Device = SharedOptions.Device();

    public static Command Create()
    {
        var command = new Command("train", "Trains a model; without options the embedded recipe: from the letters of English words to their phonemes.")
        {
            Preset, Out, Steps, BatchSize, PeakLearningRate, WarmupSteps, Schedule, WeightDecay, LabelSmoothing, Dropout,
            HiddenSize, Layers, Heads, IntermediateSize, ReportSteps, EvaluationSteps, Seed, Device,
            MicroBatchSize, CheckpointSteps, CheckpointLimit, Resume, ResumeForce,
        };
        command.SetTorchAction(result => G2pTraining.Run(Read(result)));
        return command;
    }

    private static Option<string> CreatePreset()
    {
        var option = new Option<string>("--preset") { Description = "Sizes and settings that the other options change.", DefaultValueFactory = _ => G2pPresets.Small.Name };
        option.AcceptOnlyFromAmong([.. G2pPresets.All.Select(preset => preset.Name)]);
        return option;
    }

    private static G2pTrainingRequest Read(ParseResult result)
    {
        var preset = G2pPresets.All.Single(preset => preset.Name == result.GetRequiredValue(Preset));
        var (training, model, loss) = (preset.Training, preset.Model, preset.Loss);
        var steps = result.GetValue(Steps) ?? training.Steps;
        return new G2pTrainingRequest
        {
            Out = result.GetValue(Out),
            Resume = result.GetValue(Resume),
            ResumesInAnyCase = result.GetValue(ResumeForce),
            CheckpointLimit = result.GetValue(CheckpointLimit),
            Device = result.GetRequiredValue(Device),
            Model = model with
            {
                HiddenSize = result.GetValue(HiddenSize) ?? model.HiddenSize,
                Layers = result.GetValue(Layers) ?? model.Layers,
                Heads = result.GetValue(Heads) ?? model.Heads,
                IntermediateSize = result.GetValue(IntermediateSize) ?? model.IntermediateSize,
                Dropout = result.GetValue(Dropout) ?? model.Dropout,
            },
            Loss = loss with { LabelSmoothing = result.GetValue(LabelSmoothing) ?? loss.LabelSmoothing },
            Training = training with
            {
                Steps = steps,
                MicroBatchSize = result.GetValue(MicroBatchSize) ?? training.MicroBatchSize,
                CheckpointSteps = result.GetValue(CheckpointSteps) ?? training.CheckpointSteps,
                BatchSize = result.GetValue(BatchSize) ?? training.BatchSize,
                LearningRate = result.GetValue(PeakLearningRate) ?? training.LearningRate,
                WarmupSteps = result.GetValue(WarmupSteps) ?? Math.Min(training.WarmupSteps, steps / 10),
                Schedule = result.GetValue(Schedule) ?? training.Schedule,
                Optimizer = training.Optimizer with { WeightDecay = result.GetValue(WeightDecay) ?? training.Optimizer.WeightDecay },
                ReportSteps = result.GetValue(ReportSteps) ?? training.ReportSteps,
                EvaluationSteps = result.GetValue(EvaluationSteps) ?? training.EvaluationSteps,
                Seed = result.GetValue(Seed) ?? training.Seed,
            },
        };
    }
}
