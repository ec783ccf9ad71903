using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>A cache whose rows join and leave between passes. Rows are numbered without gaps: when one leaves, the last one takes its place.</summary>
internal sealed class SlotCache(int numHiddenLayers, int maxRows) : KeyValueCache(Enumerable.Range(0, numHiddenLayers).Select(_ => new SlotLayer()))
{
    private const long LengthUnit = 32;

    private readonly List<long> _lengths = [];
    private long _slots;
    private long _capacity;

    /// <summary>Tokens of each row.</summary>
    public IReadOnlyList<long> Lengths => _lengths;

    /// <summary>Adds the rows that another cache holds.</summary>
    /// <param name="from">A filled cache of the same layers.</param>
    /// <param name="lengths">Tokens of each of its rows; what it holds behind them is never attended to.</param>
    public void Add(KeyValueCache from, IReadOnlyCollection<long> lengths)
    {
        var first = from.Layers[0].Keys!; // a filled cache has keys
        Reserve(first, _lengths.Count + lengths.Count, first.size(2));
        for (var layer = 0; layer < Layers.Count; layer++)
            LayerAt(layer).Fill(_lengths.Count, from.Layers[layer]);
        _lengths.AddRange(lengths);
    }

    /// <summary>Removes a row; the last one takes its number. The memory is given back with the last row.</summary>
    public void RemoveAt(int row)
    {
        var last = _lengths.Count - 1;
        for (var layer = 0; layer < Layers.Count && row < last; layer++)
            LayerAt(layer).Move(last, row);
        _lengths[row] = _lengths[last];
        _lengths.RemoveAt(last);
        if (_lengths.Count == 0)
            Clear();
    }

    /// <summary>Chooses the rows of a pass that adds no tokens. The views last until the next choice.</summary>
    public void Show(int first, int count)
    {
        var length = Longest(first, count);
        for (var layer = 0; layer < Layers.Count; layer++)
            LayerAt(layer).Show(first, count, length, length, places: null);
    }

    /// <summary>Chooses the rows of a pass that adds one token to each, and makes room. Until <see cref="Extend"/> the pass may be repeated.</summary>
    /// <param name="first">First row.</param>
    /// <param name="count">Number of rows.</param>
    /// <param name="places">Where the tokens go [count], int64, which must live as long as the pass; null where all rows are of one length.</param>
    public void ShowNext(int first, int count, Tensor? places)
    {
        var length = Longest(first, count);
        if (length >= _capacity)
        {
            using var like = LayerAt(0).Buffer!.alias(); // there are rows
            Reserve(like, _lengths.Count, length + 1);
        }

        for (var layer = 0; layer < Layers.Count; layer++)
            LayerAt(layer).Show(first, count, length + 1, length, places?.view(-1, 1, 1, 1));
    }

    /// <summary>Counts the tokens that a pass has added.</summary>
    public void Extend(int first, int count)
    {
        for (var row = first; row < first + count; row++)
            _lengths[row]++;
    }

    /// <summary>Removes all rows and frees the memory.</summary>
    public void Clear()
    {
        for (var layer = 0; layer < Layers.Count; layer++)
            LayerAt(layer).Free();
        _lengths.Clear();
        (_slots, _capacity) = (0, 0);
    }

    /// <summary>Tokens of the longest of some rows.</summary>
    public long Longest(int first, int count)
    {
        var longest = 0L;
        for (var row = first; row < first + count; row++)
            longest = Math.Max(longest, _lengths[row]);
        return longest;
    }

    /// <summary>Whether some rows have one length.</summary>
    public bool AreEqual(int first, int count)
    {
        for (var row = first + 1; row < first + count; row++)
        {
            if (_lengths[row] != _lengths[first])
                return false;
        }

        return true;
    }

    private SlotLayer LayerAt(int layer) => (SlotLayer)Layers[layer];

    private void Reserve(Tensor like, int rows, long length)
    {
        if (rows <= _slots && length <= _capacity)
            return;
        // Half as much again: rows and tokens come one at a time.
        if (rows > _slots)
            _slots = Math.Min(maxRows, Math.Max(rows, _slots + (_slots / 2)));
        if (length > _capacity)
            _capacity = Math.Max((length + LengthUnit - 1) / LengthUnit * LengthUnit, _capacity + (_capacity / 2));
        for (var layer = 0; layer < Layers.Count; layer++)
            LayerAt(layer).Reserve(like, _slots, _capacity);
    }
}
