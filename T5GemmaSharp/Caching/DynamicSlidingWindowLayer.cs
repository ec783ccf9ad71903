using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Keeps the last W - 1 tokens, all that the next token's window can reach.</summary>
/// <remarks>HF: <c>DynamicSlidingWindowLayer</c>.</remarks>
public sealed class DynamicSlidingWindowLayer : CacheLayer
{
    private readonly long _slidingWindow;

    /// <summary>Creates an empty layer.</summary>
    /// <param name="slidingWindow">Window W in tokens, the present one included; at least 1.</param>
    public DynamicSlidingWindowLayer(long slidingWindow)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(slidingWindow, 1);
        _slidingWindow = slidingWindow;
    }

    /// <inheritdoc/>
    public override bool IsSliding => true;

    /// <inheritdoc/>
    public override (Tensor Keys, Tensor Values) Update(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        SequenceLength += keys.size(2);
        // All of them go to the caller: several new queries reach further back than the tokens that stay.
        var allKeys = Keys is null ? keys.alias() : torch.cat([Keys, keys], dim: 2);
        var allValues = Values is null ? values.alias() : torch.cat([Values, values], dim: 2);
        Replace(Last(allKeys), Last(allValues));
        return (allKeys, allValues);
    }

    /// <inheritdoc/>
    public override (long Length, long Offset) MaskSizes(long queryLength) =>
        SequenceLength >= _slidingWindow
            ? (_slidingWindow - 1 + queryLength, SequenceLength - _slidingWindow + 1)
            : (SequenceLength + queryLength, 0);

    /// <inheritdoc/>
    public override void Crop(long maxLength)
    {
        var kept = KeptLength(maxLength);
        if (kept == SequenceLength)
            return;
        if (SequenceLength >= _slidingWindow)
            throw new InvalidOperationException($"a sliding layer of window {_slidingWindow} cannot be cropped after {SequenceLength} tokens: it no longer has the tokens before its window");
        if (Keys is not null && Values is not null)
        {
            using var keys = Keys.narrow(2, 0, kept);
            using var values = Values.narrow(2, 0, kept);
            Replace(keys.clone(), values.clone());
        }
        SequenceLength = kept;
    }

    private Tensor Last(Tensor states)
    {
        var length = Math.Min(_slidingWindow - 1, states.size(2));
        using var last = states.narrow(2, states.size(2) - length, length);
        return last.clone(); // a view would keep the whole history alive
    }
}
