using System.Buffers;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Byte-pair encoding of one stretch of symbols: lowest rank first, leftmost on a tie.</summary>
internal sealed class BpeMerger(MergeTable merges)
{
    /// <summary>Up to this many symbols a scan for the lowest rank is faster than a heap.</summary>
    public const int ScanLimit = 48;

    private const int None = -1;

    /// <summary>Merges in place.</summary>
    /// <param name="symbols">Ids of the characters; afterwards the ids of the pieces come first.</param>
    /// <returns>Number of pieces.</returns>
    public int Merge(Span<int> symbols) => symbols.Length switch
    {
        < 2 => symbols.Length,
        <= ScanLimit => MergeByScan(symbols),
        _ => MergeByHeap(symbols),
    };

    /// <summary>The form for short stretches: after each merge the rest moves up.</summary>
    internal int MergeByScan(Span<int> symbols)
    {
        var count = symbols.Length;
        Span<int> ranks = stackalloc int[count]; // of the pair that begins at each symbol
        for (var index = 0; index + 1 < count; index++)
            ranks[index] = merges.RankOf(symbols[index], symbols[index + 1]);

        while (count > 1)
        {
            var (best, bestRank) = (0, ranks[0]);
            for (var index = 1; index < count - 1; index++)
            {
                if (ranks[index] < bestRank)
                    (best, bestRank) = (index, ranks[index]);
            }

            if (bestRank == MergeTable.NoRank)
                break;
            symbols[best] = merges.ProductOf(bestRank);
            symbols[(best + 2)..count].CopyTo(symbols[(best + 1)..]);
            count--;
            if (best + 1 < count)
            {
                ranks[(best + 2)..count].CopyTo(ranks[(best + 1)..]);
                ranks[best] = merges.RankOf(symbols[best], symbols[best + 1]);
            }

            if (best > 0)
                ranks[best - 1] = merges.RankOf(symbols[best - 1], symbols[best]);
        }

        return count;
    }

    /// <summary>The form for long stretches: a chain of symbols and a heap of pairs, which a pair leaves late when one of its sides is gone.</summary>
    internal int MergeByHeap(Span<int> symbols)
    {
        var count = symbols.Length;
        var links = ArrayPool<int>.Shared.Rent(2 * count);
        var storage = ArrayPool<ulong>.Shared.Rent(3 * count); // each of at most n - 1 merges offers two new pairs
        try
        {
            var next = links.AsSpan(0, count);
            var previous = links.AsSpan(count, count);
            var heap = new SymbolHeap(storage);
            for (var index = 0; index < count; index++)
            {
                next[index] = index + 1 < count ? index + 1 : None;
                previous[index] = index - 1;
                Offer(ref heap, symbols, next, index);
            }

            while (heap.TryPop(out var pair))
                Apply(ref heap, symbols, next, previous, rank: (int)(pair >> 32), left: (int)(uint)pair);

            var pieces = 0;
            for (var index = 0; index != None; index = next[index])
                symbols[pieces++] = symbols[index];
            return pieces;
        }
        finally
        {
            ArrayPool<int>.Shared.Return(links);
            ArrayPool<ulong>.Shared.Return(storage);
        }
    }

    private void Apply(ref SymbolHeap heap, Span<int> symbols, Span<int> next, Span<int> previous, int rank, int left)
    {
        var right = symbols[left] == None ? None : next[left];
        if (right == None || merges.RankOf(symbols[left], symbols[right]) != rank)
            return;
        symbols[left] = merges.ProductOf(rank);
        symbols[right] = None;
        next[left] = next[right];
        if (next[left] != None)
            previous[next[left]] = left;
        Offer(ref heap, symbols, next, left);
        if (previous[left] != None)
            Offer(ref heap, symbols, next, previous[left]);
    }

    // The order is rank, then position, in one number.
    private void Offer(ref SymbolHeap heap, Span<int> symbols, Span<int> next, int left)
    {
        if (next[left] == None)
            return;
        var rank = merges.RankOf(symbols[left], symbols[next[left]]);
        if (rank != MergeTable.NoRank)
            heap.Push(((ulong)(uint)rank << 32) | (uint)left);
    }
}
