using System.CommandLine;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Training.Distributed.Gradients;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Optimization;
using T5GemmaSharp.Training.Tasks;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of training on files.</summary>
internal static class FinetuningOptions
{
    private static readonly Option<string?> Model = new("--model") { Description = "Folder of the model that training begins with.", HelpName = "DIR" };
    private static readonly Option<string[]> Data = Files("--data", "Files to train on: .jsonl or .txt, each also compressed (.gz), or .parquet.");
    private static readonly Option<string[]> EvaluationData = Files("--eval-data", "Files to measure on.");
    private static readonly Option<string[]> Metrics = new("--metrics") { Description = "Metrics of generated answers: rouge, bleu, exact_match, squad_f1, ...; or of classes, by default all that suit the labels: accuracy, precision_recall_f1, ...", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> MaxNewTokens = NumberOption.Create<int>("--max-new-tokens", "Longest generated answer. Default 128.", least: 1);
    private static readonly Option<OptimizerKind> Optimizer = new("--optimizer") { Description = "AdamW, Adafactor or Sgd." };
    private static readonly Option<bool> Segmented = new("--gradient-checkpointing") { Description = "Compute layers again in the backward pass: less memory, about a third more time." };
    private static readonly Option<bool> ReleaseGradients = new("--release-gradients") { Description = "With --gradient-checkpointing and --max-grad-norm 0: update each layer as soon as its gradients are there, and let them go; the weights are the same." };
    private static readonly Option<string[]> Freeze = new("--freeze") { Description = "Parts of the names of parameters that are not trained, whole words between dots: encoder, embed_tokens, layers.0.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<string[]> TrainOnly = new("--train-only") { Description = "Parts of the names of the only parameters that are trained, for example cross_attn.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> CrossWarmup = NumberOption.Create<int>("--cross-warmup", "First steps, in which only cross-attention and its two norms are trained: for a model of adapt whose stacks differ.", least: 0);
    private static readonly Option<int?> LoraRank = NumberOption.Create<int>("--lora-r", "Train an adapter of this rank, not the model: LoRA.", least: 1);
    private static readonly Option<double?> LoraAlpha = NumberOption.Create<double>("--lora-alpha", "Scale of the adapter, over its rank. Default: twice the rank.");
    private static readonly Option<double?> LoraDropout = NumberOption.Create<double>("--lora-dropout", "Dropout rate of what enters the adapter. Default 0.05.");
    private static readonly Option<string[]> LoraTargets = new("--lora-targets") { Description = "Ends of the names of the layers that are adapted, or all-linear. Default: all projections.", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<bool> Dora = new("--dora") { Description = "Train the magnitude of each output apart from its direction." };
    private static readonly Option<bool> Rslora = new("--rslora") { Description = "Scale by the rank's square root." };
    private static readonly Option<string> DType = SharedOptions.DType();

    private static readonly TrainingOptions Defaults = new()
    {
        Steps = 1000,
        BatchSize = 64,
        LearningRate = 5e-5,
        WarmupSteps = 30,
        Schedule = LearningRateSchedule.Linear,
        Optimizer = new AdamWOptions { WeightDecay = 0.01 },
    };

    private static readonly TrainingOptions AdapterDefaults = Defaults with { BatchSize = 32, LearningRate = 2e-4, Schedule = LearningRateSchedule.Cosine };

    // Of models that write.
    private static readonly Option[] Generative = [.. ExampleOptions.Generative, MaxNewTokens, TrainerOptions.ZLoss, .. DistillationOptions.All];

    public static IReadOnlyList<Option> All { get; } =
    [
        Model, Data, EvaluationData, .. ExampleOptions.All, Metrics, MaxNewTokens, Optimizer, Segmented, ReleaseGradients, DType, Freeze, TrainOnly, CrossWarmup,
        LoraRank, LoraAlpha, LoraDropout, LoraTargets, Dora, Rslora, .. ClassificationOptions.All, .. DistillationOptions.All,
    ];

    /// <summary>Whether files are given to train on.</summary>
    public static bool AreGiven(ParseResult result) => result.GetValue(Data) is { Length: > 0 };

    public static FinetuningRequest Read(ParseResult result, string device, DataParallel? parallel)
    {
        var isClassification = ExampleOptions.IsClassification(result);
        if (parallel is { IsSharded: true } && result.GetValue(Optimizer) == OptimizerKind.Adafactor)
            throw new UsageException($"{Optimizer.Name}: expected AdamW or Sgd on several ranks, got Adafactor, whose state is that of whole matrices; {DataParallelSettings.Replicated.Name} lets every rank keep all of it");
        if (parallel is not null && result.GetValue(ReleaseGradients))
            throw new UsageException($"{ReleaseGradients.Name}: expected on one rank only, got {parallel.Ranks.World}, whose gradients are reduced before the first update");
        ExampleOptions.RefuseOthers(result, Generative, ClassificationOptions.All);
        var training = TrainerOptions.Training(result, result.GetValue(LoraRank) is not null ? AdapterDefaults : isClassification ? ClassificationOptions.Defaults(result, Defaults) : Defaults);
        var examples = ExampleOptions.Read(result, training.Seed);
        return new FinetuningRequest
        {
            Model = result.GetValue(Model) ?? throw new UsageException("--model: expected the folder of a model with --data, got none"),
            Device = device,
            DType = result.GetRequiredValue(DType),
            Run = TrainerOptions.Run(result, parallel),
            Examples = examples,
            Data = result.GetRequiredValue(Data),
            EvaluationData = result.GetValue(EvaluationData) ?? [],
            Metrics = result.GetValue(Metrics) ?? [],
            MaxNewTokens = result.GetValue(MaxNewTokens) ?? 128,
            Classification = ClassificationOptions.Read(result, ofTokens: examples.Objective == Objective.TokenClassify),
            Adapter = Adapter(result),
            Training = training with { Parts = Parts(result), ReleasesGradients = Releases(result, training) },
            Distillation = DistillationOptions.Read(result),
            Loss = TrainerOptions.Loss(result, new TokenLossOptions()),
            Optimizer = result.GetValue(Optimizer),
            IsSegmented = result.GetValue(Segmented),
        };
    }

    private static bool Releases(ParseResult result, TrainingOptions training)
    {
        if (!result.GetValue(ReleaseGradients))
            return false;
        if (!result.GetValue(Segmented))
            throw new UsageException($"{ReleaseGradients.Name}: expected with {Segmented.Name}, which goes through the model layer by layer");
        if (training.MaxGradientNorm != 0)
            throw new UsageException($"{ReleaseGradients.Name}: expected with --max-grad-norm 0, got {training.MaxGradientNorm}; the norm of the whole gradient is known when all layers are updated");
        return true;
    }

    private static TrainedParts Parts(ParseResult result)
    {
        if (result.GetValue(LoraRank) is not null && ((Option[])[Freeze, TrainOnly, CrossWarmup]).FirstOrDefault(option => result.GetResult(option) is not null) is { } useless)
            throw new UsageException($"{useless.Name}: expected without {LoraRank.Name}, which trains nothing of the model itself");
        return new TrainedParts
        {
            Frozen = result.GetValue(Freeze) ?? [],
            Only = result.GetValue(TrainOnly) ?? [],
            CrossWarmupSteps = result.GetValue(CrossWarmup) ?? 0,
        };
    }

    private static LoraConfig? Adapter(ParseResult result)
    {
        if (result.GetValue(LoraRank) is not { } rank)
        {
            var useless = ((Option[])[LoraAlpha, LoraDropout, LoraTargets, Dora, Rslora]).FirstOrDefault(option => result.GetResult(option) is { Implicit: false });
            return useless is null ? null : throw new UsageException($"{useless.Name}: expected with {LoraRank.Name}");
        }

        var config = new LoraConfig
        {
            R = rank,
            LoraAlpha = result.GetValue(LoraAlpha) ?? 2 * rank,
            LoraDropout = result.GetValue(LoraDropout) ?? 0.05,
            TargetModules = result.GetValue(LoraTargets) switch
            {
                null or [] => ModuleSelection.Projections,
                ["all-linear"] => ModuleSelection.AllLinear,
                var names => ModuleSelection.Named(names),
            },
            UseDora = result.GetValue(Dora),
            UseRslora = result.GetValue(Rslora),
            BaseModelNameOrPath = result.GetValue(Model),
        };
        config.Validate();
        return config;
    }

    private static Option<string[]> Files(string name, string description)
        => new(name) { Description = description, HelpName = "FILE", AllowMultipleArgumentsPerToken = true };
}
