using System.CommandLine;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Optimization;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of training on files.</summary>
internal static class FinetuningOptions
{
    private static readonly Option<string?> Model = new("--model") { Description = "Folder of the model that training begins with.", HelpName = "DIR" };
    private static readonly Option<string[]> Data = Files("--data", "Files to train on: .jsonl or .txt, each also compressed (.gz), or .parquet.");
    private static readonly Option<string[]> EvaluationData = Files("--eval-data", "Files to measure on.");
    private static readonly Option<string[]> Map = new("--map") { Description = "Keys of the rows where they are others than those known: input=article target=highlights.", HelpName = "FIELD=KEY", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> MaxSourceLength = NumberOption.Create<int>("--max-source-length", "Most tokens of the encoder. Default 512.", least: 1);
    private static readonly Option<int?> MaxTargetLength = NumberOption.Create<int>("--max-target-length", "Most tokens of the decoder, eos included. Default 512.", least: 1);
    private static readonly Option<string?> Mixture = new("--mixture") { Description = "Denoisers of raw text: t5, ul2, t5gemma2-ul2, prefixlm, or a list as r:3,0.15@0.5+s:uniform@0.5. Default: that of the objective.", HelpName = "NAME" };
    private static readonly Option<ModeTokens?> Mode = new("--mode-tokens") { Description = "What names the denoiser to the encoder. Default: Unused for ul2, else None." };
    private static readonly Option<SentinelOverflow> Overflow = new("--sentinel-overflow") { Description = "What to do where there are more spans than sentinels." };
    private static readonly Option<bool> EncoderBos = new("--encoder-bos") { Description = "Let the encoder's part of raw text begin with bos, as prompts do." };
    private static readonly Option<string[]> Metrics = new("--metrics") { Description = "Metrics of generated answers: rouge, bleu, exact_match, squad_f1, ...; or of classes, by default all that suit the labels: accuracy, precision_recall_f1, ...", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> MaxNewTokens = NumberOption.Create<int>("--max-new-tokens", "Longest generated answer. Default 128.", least: 1);
    private static readonly Option<OptimizerKind> Optimizer = new("--optimizer") { Description = "AdamW, Adafactor or Sgd." };
    private static readonly Option<bool> Segmented = new("--gradient-checkpointing") { Description = "Compute layers again in the backward pass: less memory, about a third more time." };
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

    private static readonly Dictionary<string, Objective> Objectives = new()
    {
        ["seq2seq"] = Finetuning.Objective.Seq2Seq,
        ["chat"] = Finetuning.Objective.Chat,
        ["prefixlm"] = Finetuning.Objective.PrefixLm,
        ["ul2"] = Finetuning.Objective.Ul2,
        ["classify"] = Finetuning.Objective.Classify,
        ["token-classify"] = Finetuning.Objective.TokenClassify,
    };

    private static readonly Option<string> Objective = CreateObjective();

    // Of models that write.
    private static readonly Option[] Generative = [MaxTargetLength, Mixture, Mode, Overflow, EncoderBos, MaxNewTokens, Segmented, .. TrainerOptions.OfTokenLoss];

    public static IReadOnlyList<Option> All { get; } =
    [
        Model, Data, EvaluationData, Objective, Map, MaxSourceLength, MaxTargetLength, Mixture, Mode, Overflow, EncoderBos, Metrics, MaxNewTokens, Optimizer, Segmented, DType,
        LoraRank, LoraAlpha, LoraDropout, LoraTargets, Dora, Rslora, .. ClassificationOptions.All,
    ];

    /// <summary>Whether files are given to train on.</summary>
    public static bool AreGiven(ParseResult result) => result.GetValue(Data) is { Length: > 0 };

    public static FinetuningRequest Read(ParseResult result, string device)
    {
        var objective = Objectives[result.GetRequiredValue(Objective)];
        var isClassification = objective is Finetuning.Objective.Classify or Finetuning.Objective.TokenClassify;
        foreach (var option in (isClassification ? Generative : ClassificationOptions.All).Where(option => result.GetResult(option) is { Implicit: false }))
            throw new UsageException($"{option.Name}: expected {(isClassification ? "without" : "with")} {Objective.Name} classify or token-classify, got {result.GetRequiredValue(Objective)}");
        var isText = objective is Finetuning.Objective.PrefixLm or Finetuning.Objective.Ul2;
        var mixture = result.GetValue(Mixture) ?? (objective == Finetuning.Objective.Ul2 ? "ul2" : "prefixlm");
        return new FinetuningRequest
        {
            Model = result.GetValue(Model) ?? throw new UsageException("--model: expected the folder of a model with --data, got none"),
            Device = device,
            DType = result.GetRequiredValue(DType),
            Run = TrainerOptions.Run(result),
            Objective = objective,
            Data = result.GetRequiredValue(Data),
            EvaluationData = result.GetValue(EvaluationData) ?? [],
            Metrics = result.GetValue(Metrics) ?? [],
            MaxNewTokens = result.GetValue(MaxNewTokens) ?? 128,
            Files = new DataFileOptions
            {
                Map = KeyMap.Parse(result.GetValue(Map) ?? []),
                MaxSourceLength = isText ? null : result.GetValue(MaxSourceLength) ?? 512,
                MaxTargetLength = isText || isClassification ? null : result.GetValue(MaxTargetLength) ?? 512,
                SourceTruncation = objective == Finetuning.Objective.Chat ? TruncationSide.Left : null, // the end of a conversation is what is answered
            },
            Mixture = mixture,
            Denoising = new DenoisingOptions
            {
                ModeTokens = result.GetValue(Mode) ?? (objective == Finetuning.Objective.Ul2 ? ModeTokens.Unused : ModeTokens.None),
                EncoderBudget = result.GetValue(MaxSourceLength) ?? 512,
                DecoderBudget = result.GetValue(MaxTargetLength) ?? 512,
                Overflow = result.GetValue(Overflow),
                EncoderBos = result.GetValue(EncoderBos),
            },
            Classification = ClassificationOptions.Read(result, ofTokens: objective == Finetuning.Objective.TokenClassify),
            Adapter = Adapter(result),
            Training = TrainerOptions.Training(result, result.GetValue(LoraRank) is not null ? AdapterDefaults : isClassification ? ClassificationOptions.Defaults(result, Defaults) : Defaults),
            Loss = TrainerOptions.Loss(result, new TokenLossOptions()),
            Optimizer = result.GetValue(Optimizer),
            IsSegmented = result.GetValue(Segmented),
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

    private static Option<string> CreateObjective()
    {
        var option = new Option<string>("--objective") { Description = "What the model learns: to write, or the labels of texts or words.", DefaultValueFactory = _ => "seq2seq" };
        option.AcceptOnlyFromAmong([.. Objectives.Keys]);
        return option;
    }
}
