using T5GemmaSharp.Caching;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>Arguments of <see cref="T5GemmaSelfAttention"/>.</summary>
public sealed record T5GemmaSelfAttentionInputs
{
    /// <summary>Hidden states [B, T, D].</summary>
    public required Tensor HiddenStates { get; init; }

    /// <summary>Cosines and sines of the positions, each [1 or B, T, E].</summary>
    public required (Tensor Cos, Tensor Sin) PositionEmbeddings { get; init; }

    /// <summary>Ready mask [1 or B, 1 or H, T, keys]: added to the scores if floating, "may attend" if boolean; null: none.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>The layer's cache to read and extend; null: none.</summary>
    public CacheLayer? Cache { get; init; }

    /// <summary>Whether to return the attention probabilities.</summary>
    public bool OutputAttentions { get; init; }
}
