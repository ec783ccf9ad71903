using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Keys and values of one attention layer. It owns its tensors until it is disposed.</summary>
/// <remarks>HF: <c>CacheLayerMixin</c>.</remarks>
public abstract class CacheLayer : IDisposable
{
    /// <summary>Stored keys [B, K, length, E]; null before the first update.</summary>
    public Tensor? Keys { get; private set; }

    /// <summary>Stored values [B, K, length, E]; null before the first update.</summary>
    public Tensor? Values { get; private set; }

    /// <summary>Number of tokens seen since the start or the last <see cref="Reset"/>; a sliding layer may have forgotten some.</summary>
    public long SequenceLength { get; protected set; }

    /// <summary>Whether the layer forgets tokens beyond a window.</summary>
    public abstract bool IsSliding { get; }

    /// <summary>Adds new tokens.</summary>
    /// <param name="keys">Keys [B, K, T, E], already rotated.</param>
    /// <param name="values">Values [B, K, T, E].</param>
    /// <returns>The keys and values that the new queries attend to. They may be the cache's own: read them, do not dispose them.</returns>
    public abstract (Tensor Keys, Tensor Values) Update(Tensor keys, Tensor values);

    /// <summary>Says what <see cref="Update"/> would return for a number of new tokens.</summary>
    /// <param name="queryLength">Number of new tokens T.</param>
    /// <returns>Number of keys, and the absolute position of the first of them.</returns>
    public abstract (long Length, long Offset) MaskSizes(long queryLength);

    /// <summary>Forgets everything and frees the tensors.</summary>
    public void Reset()
    {
        Keys?.Dispose();
        Values?.Dispose();
        (Keys, Values) = (null, null);
        SequenceLength = 0;
    }

    /// <summary>Picks rows of the batch axis, for beam search.</summary>
    /// <param name="beamIdx">Row numbers, int64, on the device of the cache.</param>
    public void Reorder(Tensor beamIdx)
    {
        ArgumentNullException.ThrowIfNull(beamIdx);
        if (Keys is not null && Values is not null)
            Replace(Keys.index_select(0, beamIdx), Values.index_select(0, beamIdx));
    }

    /// <summary>Repeats each row of the batch axis, for several results a prompt.</summary>
    /// <param name="repeats">Number of copies of each row, at least 1.</param>
    public void RepeatInterleave(long repeats)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(repeats, 1);
        if (Keys is not null && Values is not null)
            Replace(Keys.repeat_interleave(repeats, dim: 0), Values.repeat_interleave(repeats, dim: 0));
    }

    /// <summary>Forgets the newest tokens.</summary>
    /// <param name="maxLength">Tokens to keep; negative: tokens to forget.</param>
    /// <exception cref="InvalidOperationException">A sliding layer has already forgotten tokens that it would need.</exception>
    public abstract void Crop(long maxLength);

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Reset();
        GC.SuppressFinalize(this);
    }

    /// <summary>Takes ownership of new tensors and frees the old ones.</summary>
    /// <param name="keys">New keys, not shared with anybody.</param>
    /// <param name="values">New values, not shared with anybody.</param>
    protected void Replace(Tensor keys, Tensor values)
    {
        ArgumentNullException.ThrowIfNull(keys);
        ArgumentNullException.ThrowIfNull(values);
        keys.DetachFromDisposeScope();
        values.DetachFromDisposeScope();
        Keys?.Dispose();
        Values?.Dispose();
        (Keys, Values) = (keys, values);
    }

    /// <summary>Takes the stored tokens of another layer without a copy. Both may be disposed in any order; neither may be written in place.</summary>
    internal void Share(CacheLayer other)
    {
        if (other is { Keys: { } keys, Values: { } values })
            Replace(keys.alias(), values.alias());
        SequenceLength = other.SequenceLength;
    }

    /// <summary>Turns the argument of <see cref="Crop"/> into a number of tokens to keep.</summary>
    protected long KeptLength(long maxLength) =>
        Math.Clamp(maxLength < 0 ? SequenceLength + maxLength : maxLength, 0, SequenceLength);
}
