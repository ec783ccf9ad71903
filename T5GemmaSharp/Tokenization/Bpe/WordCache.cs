namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>The ids of words met before. Bounded: each word has one slot, which the latest word takes. Safe for any number of threads.</summary>
internal sealed class WordCache
{
    /// <summary>Longest word that is kept, in UTF-16 code units.</summary>
    public const int MaximumLength = 32;

    private const int SlotCount = 1 << 16;

    // A slot is one reference to an immutable entry, so a reader sees an entry whole or not at all.
    private readonly Entry?[] _slots = new Entry?[SlotCount];

    /// <summary>Finds a word.</summary>
    /// <param name="word">The word, at most <see cref="MaximumLength"/> long.</param>
    /// <param name="slot">Where it belongs.</param>
    /// <param name="ids">Its ids.</param>
    public bool TryGet(ReadOnlySpan<char> word, out int slot, out ReadOnlySpan<int> ids)
    {
        slot = string.GetHashCode(word) & (SlotCount - 1);
        var entry = Volatile.Read(ref _slots[slot]);
        if (entry is null || !word.SequenceEqual(entry.Word))
        {
            ids = default;
            return false;
        }

        ids = entry.Ids;
        return true;
    }

    /// <summary>Keeps a word in the slot that <see cref="TryGet"/> named.</summary>
    public void Set(int slot, ReadOnlySpan<char> word, ReadOnlySpan<int> ids)
        => Volatile.Write(ref _slots[slot], new Entry(word.ToString(), ids.ToArray()));

    private sealed record Entry(string Word, int[] Ids);
}
