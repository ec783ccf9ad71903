using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Generation;

/// <content>Settings that say how the next tokens are found.</content>
public sealed partial record GenerationConfig
{
    /// <summary>Whether tokens are drawn instead of taking the most probable; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? DoSample { get; init; }

    /// <summary>Number of beams; default 1, no beam search.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? NumBeams { get; init; }

    /// <summary>Results of each source; default 1. With beams at most <see cref="NumBeams"/>.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? NumReturnSequences { get; init; }

    /// <summary>When beam search ends; default <see cref="Generation.EarlyStopping.False"/>.</summary>
    [JsonConverter(typeof(EarlyStoppingConverter))]
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public EarlyStopping? EarlyStopping { get; init; }

    /// <summary>Exponent of the length by which the score of a beam is divided; default 1. Positive favours long results.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LengthPenalty { get; init; }

    /// <summary>Prompt-lookup decoding: most tokens to take over from an earlier occurrence of the newest ones. Null (default): off.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? PromptLookupNumTokens { get; init; }

    /// <summary>Prompt-lookup decoding: longest run of newest tokens to look for; default 2.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? MaxMatchingNgramSize { get; init; }

    /// <summary>Assisted decoding: tokens that the draft model proposes at first; default 20.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? NumAssistantTokens { get; init; }

    /// <summary>Assisted decoding: <c>constant</c> (default), <c>heuristic</c> (2 more when all were accepted, else 1 less) or <c>heuristic_transient</c>, which is the same here.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? NumAssistantTokensSchedule { get; init; }

    /// <summary>Assisted decoding: the draft ends where its own probability falls below this; default 0.4.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? AssistantConfidenceThreshold { get; init; }

    /// <summary>Kind of cache: <c>dynamic</c> (default), which grows, or <c>static</c>, allocated once for the longest result.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? CacheImplementation { get; init; }
}
