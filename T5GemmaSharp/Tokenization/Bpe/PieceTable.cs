namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>The vocabulary: the piece of each id and the id of each piece, without an object a piece. Immutable.</summary>
internal sealed class PieceTable
{
    public const int NotFound = -1;

    private readonly char[] _characters;
    private readonly int[] _starts; // of each id, and the end of the last one
    private readonly int[] _slots; // open addressing: id + 1, 0 for a free slot

    public PieceTable(char[] characters, int[] starts, int[] slots)
        => (_characters, _starts, _slots) = (characters, starts, slots);

    /// <summary>Number of ids, from 0 without holes.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>The characters of all pieces in the order of their ids.</summary>
    public ReadOnlySpan<char> Characters => _characters;

    /// <summary>The piece of an id.</summary>
    public ReadOnlySpan<char> this[int id] => _characters.AsSpan(_starts[id], _starts[id + 1] - _starts[id]);

    /// <summary>Where the piece of an id starts among <see cref="Characters"/>; of <see cref="Count"/>: their end.</summary>
    public int StartOf(int id) => _starts[id];

    public bool Contains(int id) => (uint)id < (uint)Count;

    /// <summary>The id of a piece, or <see cref="NotFound"/>.</summary>
    public int Find(ReadOnlySpan<char> piece)
    {
        for (var slot = FirstSlot(piece, _slots.Length); ; slot = (slot + 1) & (_slots.Length - 1))
        {
            var id = _slots[slot] - 1;
            if (id < 0 || this[id].SequenceEqual(piece))
                return id;
        }
    }

    /// <summary>Where the search for a piece begins among a power of two of slots.</summary>
    public static int FirstSlot(ReadOnlySpan<char> piece, int slots) => string.GetHashCode(piece) & (slots - 1);
}
