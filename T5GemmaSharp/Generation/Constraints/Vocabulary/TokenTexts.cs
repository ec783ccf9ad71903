using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Generation.Constraints.Vocabulary;

/// <summary>The bytes that each token adds to a text. Immutable.</summary>
internal sealed class TokenTexts
{
    private readonly byte[] _bytes;
    private readonly int[] _starts; // of each id, and the end of the last one

    public TokenTexts(T5GemmaTokenizer tokenizer)
    {
        int?[] without = [tokenizer.BosId, tokenizer.EosId, tokenizer.PadId, tokenizer.UnkId];
        var bytes = new List<byte>();
        _starts = new int[tokenizer.VocabularySize + 1];
        for (var id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (!tokenizer.IsSpecial(id) && !without.Contains(id))
                tokenizer.AppendBytes(id, bytes);
            _starts[id + 1] = bytes.Count;
        }

        _bytes = [.. bytes];
    }

    /// <summary>Number of ids.</summary>
    public int Count => _starts.Length - 1;

    /// <summary>The bytes of a token; empty for an id outside the vocabulary and for a token that is no text, such as a special one.</summary>
    public ReadOnlySpan<byte> this[int id]
        => (uint)id < (uint)Count ? _bytes.AsSpan(_starts[id].._starts[id + 1]) : default;
}
