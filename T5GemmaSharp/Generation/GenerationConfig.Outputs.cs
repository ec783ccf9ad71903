using System.Text.Json.Serialization;

namespace T5GemmaSharp.Generation;

/// <content>Settings that say what is returned besides the ids.</content>
public sealed partial record GenerationConfig
{
    /// <summary>Whether to return the scores of every step; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OutputScores { get; init; }

    /// <summary>Whether to return the model's own logits of every step; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OutputLogits { get; init; }

    /// <summary>Whether to return attention probabilities of the encoder and of every step; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OutputAttentions { get; init; }

    /// <summary>Whether to return hidden states of the encoder and of every step; default false.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? OutputHiddenStates { get; init; }
}
