using System.Buffers;
using System.Runtime.CompilerServices;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>A growing list on rented memory, for results whose length is known only at the end.</summary>
/// <typeparam name="T">Type of the items.</typeparam>
/// <param name="capacity">Number of items expected.</param>
internal sealed class PooledBuffer<T>(int capacity) : IDisposable
    where T : unmanaged
{
    private T[] _items = ArrayPool<T>.Shared.Rent(Math.Max(16, capacity));

    public int Count { get; private set; }

    public ReadOnlySpan<T> Items => _items.AsSpan(0, Count);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Add(T item)
    {
        if (Count == _items.Length)
            Grow(1);
        _items[Count++] = item;
    }

    /// <summary>Appends items.</summary>
    public void Add(ReadOnlySpan<T> items)
    {
        if (items.Length > _items.Length - Count)
            Grow(items.Length);
        items.CopyTo(_items.AsSpan(Count));
        Count += items.Length;
    }

    public void Clear() => Count = 0;

    public void Dispose() => ArrayPool<T>.Shared.Return(_items);

    private void Grow(int more)
    {
        var larger = ArrayPool<T>.Shared.Rent(Math.Max(checked(Count + more), (int)Math.Min(2L * _items.Length, Array.MaxLength)));
        Items.CopyTo(larger);
        ArrayPool<T>.Shared.Return(_items);
        _items = larger;
    }
}
