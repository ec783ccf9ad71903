using System.Numerics;
using System.Runtime.InteropServices;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Collects pieces in any order of their ids.</summary>
internal sealed class PieceTableBuilder
{
    private readonly List<char> _characters = [];
    private readonly List<int> _starts = [0]; // of each entry, and the end of the last one
    private readonly List<int> _ids = [];
    private int[] _slots = new int[1024]; // open addressing: entry + 1, 0 for a free slot

    public int Count => _ids.Count;

    /// <summary>Adds a piece; returns false, and adds nothing, when it is there already.</summary>
    public bool TryAdd(ReadOnlySpan<char> piece, int id)
    {
        var slot = FindSlot(piece);
        if (_slots[slot] != 0)
            return false;
        _characters.AddRange(piece);
        _starts.Add(_characters.Count);
        _ids.Add(id);
        _slots[slot] = Count;
        if (2 * Count > _slots.Length)
            Rehash();
        return true;
    }

    /// <summary>The id of a piece, or <see cref="PieceTable.NotFound"/>.</summary>
    public int Find(ReadOnlySpan<char> piece) => _slots[FindSlot(piece)] is > 0 and var entry ? _ids[entry - 1] : PieceTable.NotFound;

    /// <summary>Builds the table.</summary>
    /// <exception cref="FormatException">The ids have a hole, or one belongs to two pieces.</exception>
    public PieceTable Build()
    {
        var entryOf = OrderByIds();
        var characters = new char[_characters.Count];
        var starts = new int[Count + 1];
        for (var id = 0; id < Count; id++)
        {
            var piece = PieceOf(entryOf[id]);
            piece.CopyTo(characters.AsSpan(starts[id]));
            starts[id + 1] = starts[id] + piece.Length;
        }

        return new PieceTable(characters, starts, [.. _slots.Select(entry => entry == 0 ? 0 : _ids[entry - 1] + 1)]);
    }

    private int[] OrderByIds()
    {
        var entryOf = new int[Count];
        Array.Fill(entryOf, -1);
        for (var entry = 0; entry < Count; entry++)
        {
            var id = _ids[entry];
            if (id >= Count)
                throw new FormatException($"expected ids 0 to {Count - 1} without holes, got {id} for \"{PieceOf(entry)}\"");
            if (entryOf[id] >= 0)
                throw new FormatException($"expected one piece an id, got \"{PieceOf(entryOf[id])}\" and \"{PieceOf(entry)}\" for {id}");
            entryOf[id] = entry;
        }

        return entryOf;
    }

    private ReadOnlySpan<char> PieceOf(int entry)
        => CollectionsMarshal.AsSpan(_characters)[_starts[entry].._starts[entry + 1]];

    private int FindSlot(ReadOnlySpan<char> piece)
    {
        var slot = PieceTable.FirstSlot(piece, _slots.Length);
        while (_slots[slot] != 0 && !PieceOf(_slots[slot] - 1).SequenceEqual(piece))
            slot = (slot + 1) & (_slots.Length - 1);
        return slot;
    }

    private void Rehash()
    {
        _slots = new int[(int)BitOperations.RoundUpToPowerOf2((uint)(4 * Count))];
        for (var entry = 0; entry < Count; entry++)
            _slots[FindSlot(PieceOf(entry))] = entry + 1;
    }
}
