using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>Arguments of <see cref="T5GemmaCrossAttention"/>.</summary>
public sealed record T5GemmaCrossAttentionInputs
{
    /// <summary>Hidden states [B, T, D].</summary>
    public required Tensor HiddenStates { get; init; }

    /// <summary>The encoder's last hidden state [B, S, encoder D].</summary>
    public required Tensor EncoderHiddenStates { get; init; }

    /// <summary>Ready mask [1 or B, 1 or H, 1 or T, S]: added to the scores if floating, "may attend" if boolean; null: none.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>Cache whose cross-attention part is read, or filled at first use; null: none.</summary>
    public EncoderDecoderCache? Cache { get; init; }

    /// <summary>Whether to return the attention probabilities.</summary>
    public bool OutputAttentions { get; init; }
}
