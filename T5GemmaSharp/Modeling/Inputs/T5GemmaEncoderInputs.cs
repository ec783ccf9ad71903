using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>Arguments of the encoder. Exactly one of <see cref="InputIds"/> and <see cref="InputsEmbeds"/> must be given.</summary>
/// <remarks>HF: the arguments of <c>T5GemmaEncoder.forward</c>.</remarks>
public sealed record T5GemmaEncoderInputs
{
    /// <summary>Token ids [B, S], int64.</summary>
    public Tensor? InputIds { get; init; }

    /// <summary>Embeddings [B, S, D] in place of ids, before the multiplication by sqrt(D).</summary>
    public Tensor? InputsEmbeds { get; init; }

    /// <summary>Mask; null: every id except padding counts.</summary>
    public AttentionMask? AttentionMask { get; init; }

    /// <summary>Positions [1 or B, S], int64; null: 0 to S - 1.</summary>
    public Tensor? PositionIds { get; init; }

    /// <summary>Whether to return the hidden states of every layer.</summary>
    public bool OutputHiddenStates { get; init; }

    /// <summary>Whether to return the attention probabilities of every layer.</summary>
    public bool OutputAttentions { get; init; }
}
