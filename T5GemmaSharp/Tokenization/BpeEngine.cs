using System.Text;

namespace T5GemmaSharp.Tokenization;

/// <summary>Byte-pair encoding: lowest rank first, leftmost on a tie; characters without a piece become their UTF-8 bytes, which never merge.</summary>
internal sealed class BpeEngine
{
    private const int None = -1;

    private readonly Dictionary<int, int> _characterIds = [];
    private readonly Dictionary<long, (int Rank, int Product)> _merges;
    private readonly IReadOnlyList<int> _byteIds;

    public BpeEngine(TokenizerTables tables)
    {
        foreach (var (piece, id) in tables.Ids)
        {
            if (piece.Length is 1 or 2 && Rune.TryGetRuneAt(piece, 0, out var rune) && rune.Utf16SequenceLength == piece.Length)
                _characterIds[rune.Value] = id;
        }

        _merges = new Dictionary<long, (int, int)>(tables.Merges.Count);
        for (var rank = 0; rank < tables.Merges.Count; rank++)
        {
            var (left, right, product) = tables.Merges[rank];
            _merges[Key(left, right)] = (rank, product);
        }

        _byteIds = tables.ByteIds;
    }

    /// <summary>Appends the tokens of a text.</summary>
    /// <param name="text">Normalized text, well-formed UTF-16.</param>
    /// <param name="offset">Added to the tokens' positions.</param>
    /// <param name="tokens">Receives the tokens.</param>
    public void Encode(ReadOnlySpan<char> text, int offset, List<TokenSpan> tokens)
    {
        var symbols = Split(text, offset);
        MergeAll(symbols);
        for (var index = 0; index < symbols.Count; index = symbols[index].Next)
        {
            tokens.Add(new TokenSpan(symbols[index].Id, symbols[index].Start, symbols[index].End));
            if (symbols[index].Next == None)
                break;
        }
    }

    private List<Symbol> Split(ReadOnlySpan<char> text, int offset)
    {
        var symbols = new List<Symbol>(text.Length);
        Span<byte> utf8 = stackalloc byte[4];
        foreach (var rune in text.EnumerateRunes())
        {
            var end = offset + rune.Utf16SequenceLength;
            if (_characterIds.TryGetValue(rune.Value, out var id))
            {
                Append(symbols, id, offset, end);
            }
            else
            {
                foreach (var value in utf8[..rune.EncodeToUtf8(utf8)])
                    Append(symbols, _byteIds[value], offset, end);
            }

            offset = end;
        }

        if (symbols.Count > 0)
            symbols[^1] = symbols[^1] with { Next = None };
        return symbols;
    }

    private static void Append(List<Symbol> symbols, int id, int start, int end)
        => symbols.Add(new Symbol(id, start, end, Previous: symbols.Count - 1, Next: symbols.Count + 1));

    private void MergeAll(List<Symbol> symbols)
    {
        // The queue's order is rank, then position, in one number.
        var queue = new PriorityQueue<(int Index, int Left, int Right), long>();
        for (var index = 0; index + 1 < symbols.Count; index++)
            Offer(queue, symbols, index);

        while (queue.TryDequeue(out var pair, out _))
        {
            var left = symbols[pair.Index];

            // Merges since the offer may have consumed either side.
            if (left.Id != pair.Left || left.Next == None || symbols[left.Next].Id != pair.Right)
                continue;
            var right = symbols[left.Next];
            symbols[left.Next] = right with { Id = None };
            symbols[pair.Index] = left with { Id = _merges[Key(left.Id, right.Id)].Product, End = right.End, Next = right.Next };
            if (right.Next != None)
            {
                symbols[right.Next] = symbols[right.Next] with { Previous = pair.Index };
                Offer(queue, symbols, pair.Index);
            }

            if (left.Previous != None)
                Offer(queue, symbols, left.Previous);
        }
    }

    private void Offer(PriorityQueue<(int Index, int Left, int Right), long> queue, List<Symbol> symbols, int index)
    {
        var (left, right) = (symbols[index].Id, symbols[symbols[index].Next].Id);
        if (_merges.TryGetValue(Key(left, right), out var merge))
            queue.Enqueue((index, left, right), ((long)merge.Rank << 32) | (uint)index);
    }

    private static long Key(int left, int right) => ((long)left << 32) | (uint)right;

    /// <summary>A link of the chain of pieces; a merged piece lies where its left part lay.</summary>
    private readonly record struct Symbol(int Id, int Start, int End, int Previous, int Next);
}
