namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>A binary heap of numbers on memory of the caller, smallest first.</summary>
/// <param name="storage">Room for every number that is ever in it at once.</param>
internal ref struct SymbolHeap(Span<ulong> storage)
{
    private readonly Span<ulong> _items = storage;
    private int _count;

    public void Push(ulong item)
    {
        var index = _count++;
        while (index > 0 && _items[(index - 1) / 2] > item)
        {
            _items[index] = _items[(index - 1) / 2];
            index = (index - 1) / 2;
        }

        _items[index] = item;
    }

    public bool TryPop(out ulong smallest)
    {
        smallest = _count == 0 ? 0 : _items[0];
        if (_count == 0)
            return false;
        var last = _items[--_count];
        var index = 0;
        for (var child = 1; child < _count; child = (2 * index) + 1)
        {
            if (child + 1 < _count && _items[child + 1] < _items[child])
                child++;
            if (_items[child] >= last)
                break;
            _items[index] = _items[child];
            index = child;
        }

        _items[index] = last;
        return true;
    }
}
