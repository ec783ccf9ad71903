using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>Arguments of <see cref="T5GemmaDecoderLayer"/>.</summary>
public sealed record T5GemmaDecoderLayerInputs
{
    /// <summary>Hidden states [B, T, D].</summary>
    public required Tensor HiddenStates { get; init; }

    /// <summary>Cosines and sines of the positions, each [1 or B, T, E].</summary>
    public required (Tensor Cos, Tensor Sin) PositionEmbeddings { get; init; }

    /// <summary>Ready self-attention mask; null: none.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>The encoder's last hidden state [B, S, encoder D].</summary>
    public required Tensor EncoderHiddenStates { get; init; }

    /// <summary>Ready cross-attention mask; null: none.</summary>
    public Tensor? EncoderAttentionMask { get; init; }

    /// <summary>Cache of both attentions; null: none.</summary>
    public EncoderDecoderCache? PastKeyValues { get; init; }

    /// <summary>Whether to return the attention probabilities.</summary>
    public bool OutputAttentions { get; init; }
}
