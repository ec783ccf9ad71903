using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of <see cref="T5GemmaModel"/>. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>Seq2SeqModelOutput</c>.</remarks>
public sealed record Seq2SeqModelOutput
{
    /// <summary>The decoder's hidden states after the final norm [B, T, D].</summary>
    public required Tensor LastHiddenState { get; init; }

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

    /// <summary>All tensors apart from the cache's.</summary>
    internal IEnumerable<Tensor> Tensors()
    {
        IEnumerable<IReadOnlyList<Tensor>?> lists =
            [[LastHiddenState, EncoderLastHiddenState], DecoderHiddenStates, DecoderAttentions, CrossAttentions, EncoderHiddenStates, EncoderAttentions];
        return lists.OfType<IReadOnlyList<Tensor>>().SelectMany(tensors => tensors);
    }
}
