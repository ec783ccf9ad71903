using System.Runtime.InteropServices;
using System.Text;
using System.Text.Unicode;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Decoding;

/// <summary>Turns ids into text by Hugging Face's rules: a run of byte tokens is text only if the whole run is valid UTF-8. Immutable.</summary>
internal sealed class TokenDecoder
{
    private readonly PieceTable _pieces;
    private readonly ByteTokens _bytes;
    private readonly char[] _texts; // of all pieces, ▁ replaced
    private readonly bool[] _isSpecial;

    public TokenDecoder(TokenizerTables tables)
    {
        _pieces = tables.Pieces;
        _bytes = tables.ByteTokens;
        _texts = new char[_pieces.Characters.Length];
        _pieces.Characters.Replace(_texts, '▁', ' ');
        _isSpecial = new bool[_pieces.Count];
        foreach (var token in tables.AddedTokens)
            _isSpecial[token.Id] = token.IsSpecial;
    }

    public bool IsSpecial(int id) => _pieces.Contains(id) && _isSpecial[id];

    /// <summary>Whether a token leaves no trace in the text.</summary>
    public bool Ignores(int id, bool skipSpecial) => !_pieces.Contains(id) || (skipSpecial && _isSpecial[id]);

    /// <summary>The byte that a token stands for; null when it has a text.</summary>
    public byte? ByteOf(int id) => _bytes.ValueOf(id);

    /// <summary>The text of a token.</summary>
    public ReadOnlySpan<char> TextOf(int id) => _texts.AsSpan(_pieces.StartOf(id).._pieces.StartOf(id + 1));

    /// <summary>Appends the text of ids, and stops before a token, or a run of byte tokens, that would make the text too long.</summary>
    /// <param name="ids">The ids.</param>
    /// <param name="skipSpecial">Whether special tokens are left out.</param>
    /// <param name="text">Receives the text.</param>
    /// <param name="limit">Greatest length of the text.</param>
    /// <returns>Number of ids whose text is complete.</returns>
    public int Decode(IEnumerable<int> ids, bool skipSpecial, PooledBuffer<char> text, int limit = int.MaxValue)
        => Decode(AsSpan(ids), skipSpecial, text, limit);

    private int Decode(ReadOnlySpan<int> ids, bool skipSpecial, PooledBuffer<char> text, int limit)
    {
        using var run = new PooledBuffer<byte>(capacity: 64);
        var complete = 0;
        for (var index = 0; index < ids.Length; index++)
        {
            var id = ids[index];
            if (Ignores(id, skipSpecial))
                continue;
            if (ByteOf(id) is { } value)
            {
                run.Add(value);
                continue;
            }

            if (!TryAddRun(run, text, limit))
                return complete;
            complete = index;
            if (!TryAdd(TextOf(id), text, limit))
                return complete;
            complete = index + 1;
        }

        return TryAddRun(run, text, limit) ? ids.Length : complete;
    }

    private static ReadOnlySpan<int> AsSpan(IEnumerable<int> ids) => ids switch
    {
        int[] array => array,
        List<int> list => CollectionsMarshal.AsSpan(list),
        _ => ids.ToArray(),
    };

    private static bool TryAddRun(PooledBuffer<byte> run, PooledBuffer<char> text, int limit)
    {
        if (run.Count == 0)
            return true;
        var decoded = Utf8.IsValid(run.Items) ? Encoding.UTF8.GetString(run.Items) : new string('\uFFFD', run.Count);
        run.Clear();
        return TryAdd(decoded, text, limit);
    }

    private static bool TryAdd(ReadOnlySpan<char> more, PooledBuffer<char> text, int limit)
    {
        if (more.Length > limit - text.Count)
            return false;
        text.Add(more);
        return true;
    }
}
