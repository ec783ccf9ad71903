using System.Buffers;
using System.Text;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Turns raw text into tokens: added tokens are cut out, the rest is encoded. Thread-safe.</summary>
internal sealed class TextEncoder(TokenizerTables tables)
{
    private readonly PieceTable _pieces = tables.Pieces;
    private readonly ByteTokens _bytes = tables.ByteTokens;
    private readonly AddedTokenTrie _addedTokens = new(tables.AddedTokens);
    private readonly BpeEngine _engine = new(tables);

    /// <summary>Appends the ids of a text.</summary>
    /// <param name="text">Well-formed UTF-16, see <see cref="Clean"/>.</param>
    /// <param name="plain">Ranges in which special tokens are only text.</param>
    /// <param name="normalize">Whether spaces become ▁.</param>
    /// <param name="ids">Receives the ids.</param>
    public void Encode(ReadOnlySpan<char> text, PlainRanges plain, bool normalize, PooledBuffer<int> ids)
    {
        var segments = new SegmentReader(_addedTokens, text, plain);
        while (segments.Read())
        {
            if (segments.Token is { } token)
                ids.Add(token.Id);
            else
                _engine.Encode(text[segments.Start..segments.End], normalize, ids);
        }
    }

    /// <summary>Appends the tokens of a text with their ranges.</summary>
    /// <inheritdoc cref="Encode"/>
    public void EncodeWithRanges(ReadOnlySpan<char> text, PlainRanges plain, bool normalize, List<TokenSpan> tokens)
    {
        using var ids = new PooledBuffer<int>(capacity: 64);
        var segments = new SegmentReader(_addedTokens, text, plain);
        while (segments.Read())
        {
            if (segments.Token is { } token)
            {
                tokens.Add(new TokenSpan(token.Id, segments.Start, segments.End));
                continue;
            }

            ids.Clear();
            _engine.Encode(text[segments.Start..segments.End], normalize, ids);
            AddRanges(ids.Items, segments.Start, tokens);
        }
    }

    /// <summary>A text as the reference reads it: in UTF-8, where each lone surrogate arrives as U+FFFD.</summary>
    public static ReadOnlySpan<char> Clean(ReadOnlySpan<char> text)
    {
        if (text.IndexOfAnyInRange('\uD800', '\uDFFF') < 0)
            return text;
        char[]? clean = null;
        for (var index = 0; index < text.Length; index++)
        {
            if (Rune.DecodeFromUtf16(text[index..], out _, out var length) == OperationStatus.Done)
                index += length - 1;
            else
                (clean ??= text.ToArray())[index] = '\uFFFD';
        }

        return clean ?? text;
    }

    // Normalization keeps the length of a text, so the pieces themselves tell how far each token reaches.
    private void AddRanges(ReadOnlySpan<int> ids, int position, List<TokenSpan> tokens)
    {
        for (var index = 0; index < ids.Length;)
        {
            var (tokenCount, length) = _bytes.ValueOf(ids[index]) is { } first ? CharacterOf(first) : (1, _pieces[ids[index]].Length);
            foreach (var id in ids.Slice(index, tokenCount))
                tokens.Add(new TokenSpan(id, position, position + length));
            index += tokenCount;
            position += length;
        }
    }

    // Bytes and code units of the character that a UTF-8 byte begins.
    private static (int Bytes, int Length) CharacterOf(byte first) => first switch
    {
        < 0xC0 => (1, 1),
        < 0xE0 => (2, 1),
        < 0xF0 => (3, 1),
        _ => (4, 2),
    };
}
