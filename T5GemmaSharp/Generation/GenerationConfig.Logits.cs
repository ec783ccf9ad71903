using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Generation;

/// <content>Settings that say which tokens are likely.</content>
public sealed partial record GenerationConfig
{
    /// <summary>Sampling: divisor of the scores; default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? Temperature { get; init; }

    /// <summary>Sampling: number of tokens that stay; default 50, 0 keeps all.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? TopK { get; init; }

    /// <summary>Sampling: the most probable tokens stay whose probabilities reach this sum; default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopP { get; init; }

    /// <summary>Sampling: tokens stay whose probability is at least this share of the best one's. Null (default): off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? MinP { get; init; }

    /// <summary>Sampling: of the 100 best tokens those stay that make up this share of their entropy. Null (default): off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TopH { get; init; }

    /// <summary>Sampling: the tokens stay whose information is nearest to the entropy and whose probabilities reach this sum; default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? TypicalP { get; init; }

    /// <summary>Sampling: tokens below this probability go; default 0, off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? EpsilonCutoff { get; init; }

    /// <summary>Sampling: as <see cref="EpsilonCutoff"/>, with a threshold that falls with the entropy; default 0, off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? EtaCutoff { get; init; }

    /// <summary>Above 1: tokens of the result so far become less likely; default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? RepetitionPenalty { get; init; }

    /// <summary>Above 1: tokens of the source become more likely; default 1.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? EncoderRepetitionPenalty { get; init; }

    /// <summary>Runs of this many tokens occur only once in a result; default 0, off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? NoRepeatNgramSize { get; init; }

    /// <summary>Runs of this many tokens of the source do not occur in a result; default 0, off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? EncoderNoRepeatNgramSize { get; init; }

    /// <summary>Sequences of ids that do not occur in a result.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<IReadOnlyList<long>>? BadWordsIds { get; init; }

    /// <summary>Numbers added to the score of the last id of a sequence.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<SequenceBias>? SequenceBias { get; init; }

    /// <summary>Ids that are never generated.</summary>
    [JsonConverter(typeof(TokenIdsConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<long>? SuppressTokens { get; init; }

    /// <summary>Ids that are not generated first.</summary>
    [JsonConverter(typeof(TokenIdsConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<long>? BeginSuppressTokens { get; init; }

    /// <summary>Id that is generated first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public long? ForcedBosTokenId { get; init; }

    /// <summary>Ids of which one is generated last where the longest length is reached. Not beside a <see cref="Constraints.TokenConstraint"/>, whose text may be incomplete there.</summary>
    [JsonConverter(typeof(TokenIdsConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public IReadOnlyList<long>? ForcedEosTokenId { get; init; }

    /// <summary>Makes the end tokens likelier with every step.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public ExponentialDecayLengthPenalty? ExponentialDecayLengthPenalty { get; init; }

    /// <summary>Whether scores that are no numbers or infinite are replaced; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? RemoveInvalidValues { get; init; }

    /// <summary>Whether the scores are turned into log-probabilities after all other changes; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? RenormalizeLogits { get; init; }
}
