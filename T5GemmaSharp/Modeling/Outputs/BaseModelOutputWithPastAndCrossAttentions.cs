using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of the decoder. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>BaseModelOutputWithPastAndCrossAttentions</c>.</remarks>
public sealed record BaseModelOutputWithPastAndCrossAttentions
{
    /// <summary>Hidden states after the final norm [B, T, D].</summary>
    public required Tensor LastHiddenState { get; init; }

    /// <summary>The cache that was given or made; null: none.</summary>
    public EncoderDecoderCache? PastKeyValues { get; init; }

    /// <summary>Input of every layer and, last, <see cref="LastHiddenState"/>; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? HiddenStates { get; init; }

    /// <summary>Self-attention probabilities [B, H, T, past + T] of every layer; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Attentions { get; init; }

    /// <summary>Cross-attention probabilities [B, H, T, S] of every layer; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? CrossAttentions { get; init; }
}
