using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Keeps every token in a buffer of fixed size; nothing is allocated after the first update. For inference: it records no gradients.</summary>
/// <remarks>HF: <c>StaticLayer</c>.</remarks>
public sealed class StaticLayer : CacheLayer
{
    private readonly long _maxCacheLen;

    /// <summary>Creates an empty layer.</summary>
    /// <param name="maxCacheLen">Capacity M in tokens, at least 1.</param>
    public StaticLayer(long maxCacheLen)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCacheLen, 1);
        _maxCacheLen = maxCacheLen;
    }

    /// <inheritdoc/>
    public override bool IsSliding => false;

    /// <inheritdoc/>
    /// <exception cref="InvalidOperationException">The capacity is exceeded.</exception>
    public override (Tensor Keys, Tensor Values) Update(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        var length = keys.size(2);
        if (SequenceLength + length > _maxCacheLen)
            throw new InvalidOperationException($"static cache: capacity {_maxCacheLen} tokens, {SequenceLength} used, {length} more do not fit");
        using var noGrad = torch.no_grad();
        if (Keys is null || Values is null)
            Replace(StaticBuffers.Allocate(keys, _maxCacheLen), StaticBuffers.Allocate(values, _maxCacheLen));
        StaticBuffers.Write(Keys!, keys, SequenceLength); // allocated above
        StaticBuffers.Write(Values!, values, SequenceLength);
        SequenceLength += length;
        return (Keys!, Values!);
    }

    /// <inheritdoc/>
    public override (long Length, long Offset) MaskSizes(long queryLength) => (_maxCacheLen, 0);

    /// <inheritdoc/>
    public override void Crop(long maxLength) => SequenceLength = KeptLength(maxLength);
}
