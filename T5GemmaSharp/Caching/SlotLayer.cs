using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>
/// Keys and values of rows that began at different times: each has a slot of one buffer, in which its tokens lie from the first place on. <see cref="SlotCache"/> says which
/// rows a pass sees and where their new tokens go. For inference: it records no gradients.
/// </summary>
internal sealed class SlotLayer : CacheLayer
{
    private Tensor? _keys; // [slots, K, capacity, E]; zeros where nothing was written, because hidden numbers are multiplied by zero
    private Tensor? _values;
    private Tensor? _places;
    private long _width;

    public override bool IsSliding => false;

    /// <summary>All slots' keys [slots, K, capacity, E]; null while there are none.</summary>
    public Tensor? Buffer => _keys;

    public override (Tensor Keys, Tensor Values) Update(Tensor keys, Tensor values)
    {
        Write(Keys!, keys); // a pass begins by showing rows
        Write(Values!, values);
        return (Keys!, Values!);
    }

    public override (long Length, long Offset) MaskSizes(long queryLength) => (_width, 0);

    public override void Crop(long maxLength) => throw new NotSupportedException("slots: rows leave as a whole, tokens are not taken back");

    /// <summary>Makes room. What is stored stays.</summary>
    public void Reserve(Tensor like, long slots, long capacity)
    {
        Grow(ref _keys, like, slots, capacity);
        Grow(ref _values, like, slots, capacity);
    }

    /// <summary>Fills slots with the rows [B, K, length, E] of another layer; the rest of them becomes zero.</summary>
    public void Fill(int slot, CacheLayer from)
    {
        Fill(_keys!, slot, from.Keys!); // the caller has reserved room, and the other layer is filled
        Fill(_values!, slot, from.Values!);
    }

    /// <summary>Copies a slot over another one.</summary>
    public void Move(int from, int to)
    {
        foreach (var buffer in new[] { _keys!, _values! }) // there are rows
        {
            using var target = buffer.select(0, to);
            using var source = buffer.select(0, from);
            target.copy_(source);
        }
    }

    /// <summary>Chooses what the next pass sees.</summary>
    /// <param name="first">First slot.</param>
    /// <param name="count">Number of slots.</param>
    /// <param name="width">Places of a slot.</param>
    /// <param name="length">Tokens of the longest row before the pass.</param>
    /// <param name="places">Where the new token of each row goes [count, 1, 1, 1]; null: all after <paramref name="length"/> tokens.</param>
    public void Show(int first, int count, long width, long length, Tensor? places)
    {
        using var keys = _keys!.narrow(0, first, count); // there are rows
        using var values = _values!.narrow(0, first, count);
        Replace(keys.narrow(2, 0, width), values.narrow(2, 0, width));
        (_width, SequenceLength, _places) = (width, length, places);
    }

    /// <summary>Frees the buffers.</summary>
    public void Free()
    {
        Reset();
        _keys?.Dispose();
        _values?.Dispose();
        (_keys, _values, _width) = (null, null, 0);
    }

    private void Write(Tensor buffer, Tensor states)
    {
        if (_places is not null)
        {
            using var index = _places.expand_as(states);
            buffer.scatter_(2, index, states);
            return;
        }

        StaticBuffers.Write(buffer, states, SequenceLength);
    }

    private static void Fill(Tensor buffer, int slot, Tensor states)
    {
        using var target = buffer.narrow(0, slot, states.size(0));
        target.zero_();
        StaticBuffers.Write(target, states, start: 0);
    }

    private static void Grow(ref Tensor? buffer, Tensor like, long slots, long capacity)
    {
        if (buffer is not null && buffer.size(0) >= slots && buffer.size(2) >= capacity)
            return;
        using var scope = NewDisposeScope();
        var (rows, length) = (buffer?.size(0) ?? 0, buffer?.size(2) ?? 0);
        var grown = torch.zeros([Math.Max(slots, rows), like.size(1), Math.Max(capacity, length), like.size(3)], dtype: like.dtype, device: like.device);
        if (buffer is not null)
            grown.narrow(0, 0, rows).narrow(2, 0, length).copy_(buffer);
        buffer?.Dispose();
        buffer = grown.DetachFromDisposeScope();
    }
}
