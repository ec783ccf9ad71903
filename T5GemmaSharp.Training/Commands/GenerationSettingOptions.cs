using System.CommandLine;
using System.Numerics;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The settings of <see cref="GenerationConfig"/> as options, under Hugging Face's names.</summary>
internal static class GenerationSettingOptions
{
    /// <summary>All of them, in the order of the help.</summary>
    public static IReadOnlyList<IGenerationSetting> All { get; } =
    [
        Number<long>("--max-new-tokens", "Most tokens of an answer.", (config, value) => config with { MaxNewTokens = value }, least: 1),
        Number<long>("--min-new-tokens", "Fewest tokens before an end token is allowed.", (config, value) => config with { MinNewTokens = value }, least: 0),
        Number<long>("--max-length", "Longest answer in tokens, start token and beginning included. --max-new-tokens comes before it.", (config, value) => config with { MaxLength = value }, least: 1),
        Number<long>("--min-length", "Shortest answer in tokens, start token and beginning included.", (config, value) => config with { MinLength = value }, least: 0),
        Number<double>("--max-time", "Longest time of a batch in seconds.", (config, value) => config with { MaxTime = value }),
        Setting(new Option<string[]>("--stop-strings") { Description = "Text that ends an answer, which leaves it out. May be given several times.", HelpName = "TEXT" }, (config, value) => config with { StopStrings = value }),

        Flag("--do-sample", "Draw tokens instead of taking the most probable.", (config, value) => config with { DoSample = value }),
        Number<int>("--num-beams", "Beams; 1: no beam search.", (config, value) => config with { NumBeams = value }, least: 1),
        Number<int>("--num-return-sequences", "Answers to each text; they need sampling, or as many beams.", (config, value) => config with { NumReturnSequences = value }, least: 1),
        Setting(Choice("--early-stopping", "When beam search ends: as soon as there are enough answers, when a better one is unlikely, or impossible.", "true", "false", "never"), (config, value) => config with { EarlyStopping = Enum.Parse<EarlyStopping>(value, ignoreCase: true) }),
        Number<double>("--length-penalty", "Exponent of the length by which a beam's score is divided.", (config, value) => config with { LengthPenalty = value }),
        Number<int>("--prompt-lookup-num-tokens", "Prompt lookup: most tokens to take over from an earlier occurrence of the newest ones.", (config, value) => config with { PromptLookupNumTokens = value }, least: 1),
        Number<int>("--max-matching-ngram-size", "Prompt lookup: longest run of newest tokens to look for.", (config, value) => config with { MaxMatchingNgramSize = value }, least: 1),
        Number<int>("--num-assistant-tokens", "Draft model: tokens that it proposes at first.", (config, value) => config with { NumAssistantTokens = value }, least: 1),
        Setting(Choice("--num-assistant-tokens-schedule", "Draft model: whether that number follows its success.", "constant", "heuristic", "heuristic_transient"), (config, value) => config with { NumAssistantTokensSchedule = value }),
        Number<double>("--assistant-confidence-threshold", "Draft model: its proposal ends where its own probability falls below this.", (config, value) => config with { AssistantConfidenceThreshold = value }),
        Flag("--use-cache", "Keep keys and values between steps.", (config, value) => config with { UseCache = value }),
        Setting(Choice("--cache-implementation", "Kind of cache: one that grows, or one of the longest answer's size.", "dynamic", "static"), (config, value) => config with { CacheImplementation = value }),

        Number<double>("--temperature", "Sampling: divisor of the scores.", (config, value) => config with { Temperature = value }),
        Number<int>("--top-k", "Sampling: number of tokens that stay; 0: all.", (config, value) => config with { TopK = value }, least: 0),
        Number<double>("--top-p", "Sampling: the most probable tokens stay whose probabilities reach this sum.", (config, value) => config with { TopP = value }),
        Number<double>("--min-p", "Sampling: tokens stay with at least this share of the best one's probability.", (config, value) => config with { MinP = value }),
        Number<double>("--top-h", "Sampling: tokens stay that make up this share of the entropy of the best.", (config, value) => config with { TopH = value }),
        Number<double>("--typical-p", "Sampling: tokens stay whose information is nearest to the entropy and whose probabilities reach this sum.", (config, value) => config with { TypicalP = value }),
        Number<double>("--epsilon-cutoff", "Sampling: tokens below this probability go.", (config, value) => config with { EpsilonCutoff = value }),
        Number<double>("--eta-cutoff", "Sampling: the same with a threshold that falls with the entropy.", (config, value) => config with { EtaCutoff = value }),

        Number<double>("--repetition-penalty", "Above 1: tokens of the answer so far become less likely.", (config, value) => config with { RepetitionPenalty = value }),
        Number<double>("--encoder-repetition-penalty", "Above 1: tokens of the text become more likely.", (config, value) => config with { EncoderRepetitionPenalty = value }),
        Number<int>("--no-repeat-ngram-size", "Runs of this many tokens occur only once in an answer.", (config, value) => config with { NoRepeatNgramSize = value }, least: 0),
        Number<int>("--encoder-no-repeat-ngram-size", "Runs of this many tokens of the text do not occur in an answer.", (config, value) => config with { EncoderNoRepeatNgramSize = value }, least: 0),
        Setting(IdsOption.Sequences("--bad-words-ids", "Ids that do not occur in an answer one after the other. May be given several times; --bad-words takes texts."), (config, value) => config with { BadWordsIds = value }),
        Setting(IdsOption.Biases("--sequence-bias", "Number added to the score of the last id where the others stand before it. May be given several times."), (config, value) => config with { SequenceBias = value }),
        Setting(IdsOption.List("--suppress-tokens", "Ids that are never generated."), (config, value) => config with { SuppressTokens = value }),
        Setting(IdsOption.List("--begin-suppress-tokens", "Ids that are not generated first."), (config, value) => config with { BeginSuppressTokens = value }),
        Number<long>("--forced-bos-token-id", "Id that is generated first.", (config, value) => config with { ForcedBosTokenId = value }, least: 0),
        Setting(IdsOption.List("--forced-eos-token-id", "Ids of which one is generated last at the longest length."), (config, value) => config with { ForcedEosTokenId = value }),
        Setting(IdsOption.Decay("--exponential-decay-length-penalty", "Makes end tokens likelier: new tokens after which it begins, and the growth of a step."), (config, value) => config with { ExponentialDecayLengthPenalty = value }),
        Flag("--remove-invalid-values", "Replace scores that are no numbers or infinite.", (config, value) => config with { RemoveInvalidValues = value }),
        Flag("--renormalize-logits", "Turn the scores into log-probabilities after all other changes.", (config, value) => config with { RenormalizeLogits = value }),

        Setting(IdsOption.List("--eos-token-id", "Ids that end an answer; none: only its length does."), (config, value) => config with { EosTokenId = value }),
        Number<long>("--pad-token-id", "Id that fills finished rows.", (config, value) => config with { PadTokenId = value }, least: 0),
        Number<long>("--bos-token-id", "Id that starts the decoder where --decoder-start-token-id is not given.", (config, value) => config with { BosTokenId = value }, least: 0),
        Number<long>("--decoder-start-token-id", "Id that starts the decoder.", (config, value) => config with { DecoderStartTokenId = value }, least: 0),
        Flag("--output-scores", "With --json: also the log-probability of each token.", (config, value) => config with { OutputScores = value }),
    ];

    private static GenerationSetting<T?> Number<T>(string name, string description, Func<GenerationConfig, T?, GenerationConfig> set, T? least = null)
        where T : struct, INumber<T>
        => new(NumberOption.Create(name, description, least), set);

    private static GenerationSetting<bool> Flag(string name, string description, Func<GenerationConfig, bool, GenerationConfig> set)
        => new(new Option<bool>(name) { Description = description, HelpName = "true|false" }, set);

    private static GenerationSetting<T> Setting<T>(Option<T> option, Func<GenerationConfig, T, GenerationConfig> set) => new(option, set);

    private static Option<string> Choice(string name, string description, params string[] values)
    {
        var option = new Option<string>(name) { Description = description };
        option.AcceptOnlyFromAmong(values);
        return option;
    }
}
