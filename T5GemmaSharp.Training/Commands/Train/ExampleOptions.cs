using System.CommandLine;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Finetuning;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Training.Commands.Train;

/// <summary>Options of how examples are made of files.</summary>
internal static class ExampleOptions
{
    private const int DefaultLength = 512;

    private static readonly Option<string[]> Map = new("--map") { Description = "Keys of the rows where they are others than those known: input=article target=highlights.", HelpName = "FIELD=KEY", AllowMultipleArgumentsPerToken = true };
    private static readonly Option<int?> MaxSourceLength = NumberOption.Create<int>("--max-source-length", $"Most tokens of the encoder. Default {DefaultLength}.", least: 1);
    private static readonly Option<int?> MaxTargetLength = NumberOption.Create<int>("--max-target-length", $"Most tokens of the decoder, eos included. Default {DefaultLength}.", least: 1);
    private static readonly Option<string?> Mixture = new("--mixture") { Description = "Denoisers of raw text: t5, ul2, t5gemma2-ul2, prefixlm, or a list as r:3,0.15@0.5+s:uniform@0.5. Default: that of the objective.", HelpName = "NAME" };
    private static readonly Option<ModeTokens?> Mode = new("--mode-tokens") { Description = "What names the denoiser to the encoder. Default: Unused for ul2, else None." };
    private static readonly Option<SentinelOverflow> Overflow = new("--sentinel-overflow") { Description = "What to do where there are more spans than sentinels." };
    private static readonly Option<bool> EncoderBos = new("--encoder-bos") { Description = "Let the encoder's part of raw text begin with bos, as prompts do." };

    private static readonly Dictionary<string, Objective> Objectives = new()
    {
        ["seq2seq"] = Finetuning.Objective.Seq2Seq,
        ["chat"] = Finetuning.Objective.Chat,
        ["prefixlm"] = Finetuning.Objective.PrefixLm,
        ["ul2"] = Finetuning.Objective.Ul2,
        ["classify"] = Finetuning.Objective.Classify,
        ["token-classify"] = Finetuning.Objective.TokenClassify,
    };

    /// <summary>What the model is for.</summary>
    public static Option<string> Objective { get; } = CreateObjective();

    /// <summary>Options of models that write.</summary>
    public static IReadOnlyList<Option> Generative { get; } = [MaxTargetLength, Mixture, Mode, Overflow, EncoderBos];

    public static IReadOnlyList<Option> All { get; } = [Objective, Map, MaxSourceLength, .. Generative];

    /// <summary>Whether labels are learned, not what to write.</summary>
    public static bool IsClassification(ParseResult result) => Objectives[result.GetRequiredValue(Objective)] is Finetuning.Objective.Classify or Finetuning.Objective.TokenClassify;

    /// <summary>Refuses options of the other kind of model.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="ofWriters">Options of models that write.</param>
    /// <param name="ofHeads">Options of models that give labels.</param>
    /// <exception cref="UsageException">One is given.</exception>
    public static void RefuseOthers(ParseResult result, IEnumerable<Option> ofWriters, IEnumerable<Option> ofHeads)
    {
        var isClassification = IsClassification(result);
        if ((isClassification ? ofWriters : ofHeads).FirstOrDefault(option => result.GetResult(option) is { Implicit: false }) is { } useless)
            throw new UsageException($"{useless.Name}: expected {(isClassification ? "without" : "with")} {Objective.Name} classify or token-classify, got {result.GetRequiredValue(Objective)}");
    }

    /// <summary>Reads the options.</summary>
    /// <param name="result">The command line.</param>
    /// <param name="seed">Seed of the denoisers' draws.</param>
    public static ExampleRequest Read(ParseResult result, ulong seed)
    {
        var objective = Objectives[result.GetRequiredValue(Objective)];
        var isText = objective is Finetuning.Objective.PrefixLm or Finetuning.Objective.Ul2;
        var (source, target) = (result.GetValue(MaxSourceLength) ?? DefaultLength, result.GetValue(MaxTargetLength) ?? DefaultLength);
        return new ExampleRequest
        {
            Objective = objective,
            Files = new DataFileOptions
            {
                Map = KeyMap.Parse(result.GetValue(Map) ?? []),
                MaxSourceLength = isText ? null : source,
                MaxTargetLength = isText || IsClassification(result) ? null : target,
            },
            Mixture = result.GetValue(Mixture) ?? (objective == Finetuning.Objective.Ul2 ? "ul2" : "prefixlm"),
            Denoising = new DenoisingOptions
            {
                ModeTokens = result.GetValue(Mode) ?? (objective == Finetuning.Objective.Ul2 ? ModeTokens.Unused : ModeTokens.None),
                EncoderBudget = source,
                DecoderBudget = target,
                Overflow = result.GetValue(Overflow),
                EncoderBos = result.GetValue(EncoderBos),
            },
            Seed = seed,
        };
    }

    private static Option<string> CreateObjective()
    {
        var option = new Option<string>("--objective") { Description = "What the model learns: to write, or the labels of texts or words.", DefaultValueFactory = _ => "seq2seq" };
        option.AcceptOnlyFromAmong([.. Objectives.Keys]);
        return option;
    }
}
