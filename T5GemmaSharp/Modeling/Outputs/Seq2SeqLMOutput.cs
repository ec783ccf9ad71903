using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of <see cref="T5GemmaForConditionalGeneration"/>. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>Seq2SeqLMOutput</c>.</remarks>
public sealed record Seq2SeqLMOutput
{
    /// <summary>Loss, a float32 scalar; null without labels.</summary>
    public Tensor? Loss { get; init; }

    /// <summary>Logits after the final soft-cap [B, T or kept, V].</summary>
    public required Tensor Logits { get; init; }

    /// <summary>The decoder's cache; null: none.</summary>
    public EncoderDecoderCache? PastKeyValues { get; init; }

    /// <summary>The decoder's hidden states; only the last unless all were asked for.</summary>
    public required IReadOnlyList<Tensor> DecoderHiddenStates { get; init; }

    /// <summary>The decoder's self-attention probabilities; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? DecoderAttentions { get; init; }

    /// <summary>The cross-attention probabilities; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? CrossAttentions { get; init; }

    /// <summary>The encoder's hidden states after its final norm [B, S, encoder D].</summary>
    public required Tensor EncoderLastHiddenState { get; init; }

    /// <summary>The encoder's hidden states; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? EncoderHiddenStates { get; init; }

    /// <summary>The encoder's attention probabilities; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? EncoderAttentions { get; init; }
}
