using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Keeps the last min(W, M) tokens in a buffer of fixed size. For inference: it records no gradients.</summary>
/// <remarks>HF: <c>StaticSlidingWindowLayer</c>.</remarks>
public sealed class StaticSlidingWindowLayer : CacheLayer
{
    private readonly long _capacity;

    /// <summary>Creates an empty layer.</summary>
    /// <param name="maxCacheLen">Longest sequence M in tokens, at least 1.</param>
    /// <param name="slidingWindow">Window W in tokens, the present one included; at least 1.</param>
    public StaticSlidingWindowLayer(long maxCacheLen, long slidingWindow)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(maxCacheLen, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(slidingWindow, 1);
        _capacity = Math.Min(maxCacheLen, slidingWindow);
    }

    /// <inheritdoc/>
    public override bool IsSliding => true;

    private bool IsFull => SequenceLength >= _capacity;

    /// <inheritdoc/>
    public override (Tensor Keys, Tensor Values) Update(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        using var noGrad = torch.no_grad();
        if (Keys is null || Values is null)
            Replace(StaticBuffers.Allocate(keys, _capacity), StaticBuffers.Allocate(values, _capacity));
        var result = (Append(Keys!, keys), Append(Values!, values)); // allocated above
        SequenceLength += keys.size(2);
        return result;
    }

    /// <inheritdoc/>
    public override (long Length, long Offset) MaskSizes(long queryLength)
    {
        if (IsFull)
            return (_capacity + queryLength - 1, SequenceLength - _capacity + 1);
        return SequenceLength + queryLength > _capacity ? (SequenceLength + queryLength, 0) : (_capacity, 0);
    }

    /// <inheritdoc/>
    public override void Crop(long maxLength)
    {
        var kept = KeptLength(maxLength);
        if (kept == SequenceLength)
            return;
        if (SequenceLength > _capacity)
            throw new InvalidOperationException($"a sliding layer of {_capacity} tokens cannot be cropped after {SequenceLength} tokens: it no longer has the tokens before its window");
        SequenceLength = kept;
    }

    private Tensor Append(Tensor buffer, Tensor states)
    {
        if (SequenceLength + states.size(2) <= _capacity)
        {
            StaticBuffers.Write(buffer, states, SequenceLength);
            return buffer;
        }
        // The oldest stored token is out of reach of the first new query once the buffer is full.
        var start = IsFull ? 1 : 0;
        using var stored = buffer.narrow(2, start, Math.Min(SequenceLength, _capacity) - start);
        var all = torch.cat([stored, states], dim: 2);
        using var last = all.narrow(2, all.size(2) - _capacity, _capacity);
        buffer.copy_(last);
        return all;
    }
}
