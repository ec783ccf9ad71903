using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>Arguments of the decoder. Exactly one of <see cref="InputIds"/> and <see cref="InputsEmbeds"/> must be given.</summary>
/// <remarks>HF: the arguments of <c>T5GemmaDecoder.forward</c>.</remarks>
public sealed record T5GemmaDecoderInputs
{
    /// <summary>Token ids [B, T], int64.</summary>
    public Tensor? InputIds { get; init; }

    /// <summary>Embeddings [B, T, D] in place of ids, before the multiplication by sqrt(D).</summary>
    public Tensor? InputsEmbeds { get; init; }

    /// <summary>Self-attention mask over past and present tokens.</summary>
    public AttentionMask? AttentionMask { get; init; }

    /// <summary>Positions [1 or B, T], int64; null: following the cached tokens.</summary>
    public Tensor? PositionIds { get; init; }

    /// <summary>The encoder's last hidden state [B, S, encoder D].</summary>
    public required Tensor EncoderHiddenStates { get; init; }

    /// <summary>Cross-attention mask over the encoder's tokens; null: all of them.</summary>
    public AttentionMask? EncoderAttentionMask { get; init; }

    /// <summary>Cache to read and extend; null: none, or a new one as <see cref="UseCache"/> says.</summary>
    public EncoderDecoderCache? PastKeyValues { get; init; }

    /// <summary>Whether to make a cache in evaluation mode if none is given; null: the configuration's choice.</summary>
    public bool? UseCache { get; init; }

    /// <summary>Whether to return the hidden states of every layer.</summary>
    public bool OutputHiddenStates { get; init; }

    /// <summary>Whether to return the attention probabilities of every layer.</summary>
    public bool OutputAttentions { get; init; }
}
