using T5GemmaSharp.Configuration;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>
/// An attention mask in one of the three forms of the reference: [B, S] (non-zero = real token), a ready mask [B, 1 or H, T, S] that is used as it is for every
/// layer, or one ready mask for each kind of layer.
/// </summary>
/// <remarks>
/// A tensor converts to it by itself. A ready mask is boolean (true = may attend) or floating (added to the scores after the soft-cap).
/// HF: the union type of <c>attention_mask</c>.
/// </remarks>
public sealed class AttentionMask
{
    /// <summary>Wraps a [B, S] padding mask or a ready [B, 1 or H, T, S] mask.</summary>
    /// <param name="mask">The mask; any integer, boolean or floating dtype.</param>
    /// <exception cref="ArgumentException">The tensor has neither 2 nor 4 axes.</exception>
    public AttentionMask(Tensor mask)
    {
        ArgumentNullException.ThrowIfNull(mask);
        if (mask.dim() is not (2 or 4))
            throw new ArgumentException($"mask: expected [B, S] or [B, 1, T, S], got [{string.Join(", ", mask.shape)}]", nameof(mask));
        Mask = mask;
    }

    /// <summary>Wraps one ready mask for each kind of layer.</summary>
    /// <param name="fullAttention">Mask [B, 1 or H, T, S] of the full layers; null: none.</param>
    /// <param name="slidingAttention">Mask [B, 1 or H, T, S] of the sliding layers; null: none.</param>
    /// <exception cref="ArgumentException">A mask has not 4 axes.</exception>
    public AttentionMask(Tensor? fullAttention, Tensor? slidingAttention)
    {
        CheckReady(fullAttention, nameof(fullAttention));
        CheckReady(slidingAttention, nameof(slidingAttention));
        FullAttention = fullAttention;
        SlidingAttention = slidingAttention;
    }

    /// <summary>The single mask; null if there is one for each kind of layer.</summary>
    public Tensor? Mask { get; }

    /// <summary>The mask of the full layers.</summary>
    public Tensor? FullAttention { get; }

    /// <summary>The mask of the sliding layers.</summary>
    public Tensor? SlidingAttention { get; }

    /// <summary>The padding mask [B, S], or null if this is a ready mask.</summary>
    internal Tensor? Padding => Mask?.dim() == 2 ? Mask : null;

    /// <summary>Wraps a tensor, null staying null.</summary>
    /// <param name="mask">[B, S] or [B, 1 or H, T, S].</param>
    public static implicit operator AttentionMask?(Tensor? mask) => FromTensor(mask);

    /// <summary>Wraps a tensor, null staying null.</summary>
    /// <param name="mask">[B, S] or [B, 1 or H, T, S].</param>
    public static AttentionMask? FromTensor(Tensor? mask) => mask is null ? null : new AttentionMask(mask);

    /// <summary>The ready mask of a kind of layer.</summary>
    internal Tensor? ReadyFor(LayerType type) =>
        Mask ?? (type == LayerType.FullAttention ? FullAttention : SlidingAttention);

    private static void CheckReady(Tensor? mask, string name)
    {
        if (mask is not null && mask.dim() != 4)
            throw new ArgumentException($"{name}: expected [B, 1, T, S], got [{string.Join(", ", mask.shape)}]", name);
    }
}
