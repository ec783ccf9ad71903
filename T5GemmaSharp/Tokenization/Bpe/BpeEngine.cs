using System.Buffers;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Encodes text that holds no added token. Immutable but for its cache of words, and thread-safe.</summary>
internal sealed class BpeEngine
{
    private const char WordStart = '▁';
    private const int StackLimit = 256;

    private readonly CharacterTable _characters;
    private readonly BpeMerger _merger;
    private readonly WordCache? _cache;
    private readonly bool _cutsWords;

    public BpeEngine(TokenizerTables tables, bool useCache = true, bool cutWords = true)
    {
        _characters = new CharacterTable(tables.Pieces, tables.ByteIds);
        _merger = new BpeMerger(new MergeTable(tables.Merges));
        _cache = useCache ? new WordCache() : null;
        _cutsWords = cutWords && !AnyMergeCrossesAWordStart(tables);
    }

    /// <summary>Appends the ids of a text.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="normalize">Whether spaces become ▁.</param>
    /// <param name="ids">Receives the ids.</param>
    public void Encode(ReadOnlySpan<char> text, bool normalize, PooledBuffer<int> ids)
    {
        if (!normalize || !text.Contains(' '))
        {
            EncodeNormalized(text, ids);
            return;
        }

        char[]? rented = null;
        var normalized = text.Length <= StackLimit ? stackalloc char[text.Length] : (rented = ArrayPool<char>.Shared.Rent(text.Length)).AsSpan(0, text.Length);
        text.Replace(normalized, ' ', WordStart);
        EncodeNormalized(normalized, ids);
        if (rented is not null)
            ArrayPool<char>.Shared.Return(rented);
    }

    private void EncodeNormalized(ReadOnlySpan<char> text, PooledBuffer<int> ids)
    {
        while (!text.IsEmpty)
        {
            var length = _cutsWords ? LengthOfWord(text) : text.Length;
            EncodeWord(text[..length], ids);
            text = text[length..];
        }
    }

    // A word is a run of ▁ and what follows up to the next ▁: no merge crosses its borders.
    private static int LengthOfWord(ReadOnlySpan<char> text)
    {
        var body = text.IndexOfAnyExcept(WordStart);
        if (body < 0)
            return text.Length;
        var end = text[body..].IndexOf(WordStart);
        return end < 0 ? text.Length : body + end;
    }

    private void EncodeWord(ReadOnlySpan<char> word, PooledBuffer<int> ids)
    {
        if (_cache is null || word.Length > WordCache.MaximumLength)
        {
            MergeWord(word, ids);
            return;
        }

        if (_cache.TryGet(word, out var slot, out var known))
        {
            ids.Add(known);
            return;
        }

        var start = ids.Count;
        MergeWord(word, ids);
        _cache.Set(slot, word, ids.Items[start..]);
    }

    private void MergeWord(ReadOnlySpan<char> word, PooledBuffer<int> ids)
    {
        int[]? rented = null;
        var most = checked(3 * word.Length); // bytes of a character, the worst case
        var symbols = most <= StackLimit ? stackalloc int[most] : rented = ArrayPool<int>.Shared.Rent(most);
        var count = _characters.Split(word, symbols);
        ids.Add(symbols[.._merger.Merge(symbols[..count])]);
        if (rented is not null)
            ArrayPool<int>.Shared.Return(rented);
    }

    private static bool AnyMergeCrossesAWordStart(TokenizerTables tables)
    {
        foreach (var merge in tables.Merges)
        {
            var piece = tables.Pieces[merge.Product];
            var start = piece.LastIndexOf(WordStart);
            if (start > 0 && piece[..start].ContainsAnyExcept(WordStart))
                return true;
        }

        return false;
    }
}
