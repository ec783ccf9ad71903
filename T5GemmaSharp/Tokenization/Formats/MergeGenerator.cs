using System.Runtime.InteropServices;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>Recovers the merges of a SentencePiece model, which stores only scores. HF: <c>generate_merges</c>.</summary>
internal static class MergeGenerator
{
    /// <summary>Every split of every piece into two pieces, in order of rank: score, then length of the left part, then of the right part, all falling, then id.</summary>
    /// <param name="pieces">The vocabulary.</param>
    /// <param name="texts">Piece of each id.</param>
    /// <param name="scores">Score of each id.</param>
    public static List<Merge> Generate(PieceTableBuilder pieces, IReadOnlyList<string> texts, IReadOnlyList<float> scores)
    {
        var merges = new List<Merge>();
        var ties = new List<Candidate>();
        foreach (var group in Enumerable.Range(0, texts.Count).OrderByDescending(id => scores[id] + 0f).GroupBy(id => scores[id] + 0f))
        {
            ties.Clear();
            foreach (var id in group)
                AddSplits(pieces, texts[id], id, ties);
            CollectionsMarshal.AsSpan(ties).Sort(CompareRank);
            foreach (var candidate in ties)
                merges.Add(candidate.Merge);
        }

        return merges;
    }

    private static void AddSplits(PieceTableBuilder pieces, string text, int id, List<Candidate> splits)
    {
        var total = text.EnumerateRunes().Count();
        var leftLength = 0;
        var index = 0;
        foreach (var rune in text.EnumerateRunes())
        {
            index += rune.Utf16SequenceLength;
            leftLength++;
            if (leftLength == total || pieces.Find(text.AsSpan(0, index)) is var left && left == PieceTable.NotFound)
                continue;
            var right = pieces.Find(text.AsSpan(index));
            if (right != PieceTable.NotFound)
                splits.Add(new Candidate(new Merge(left, right, id), leftLength, total - leftLength));
        }
    }

    // No two candidates are equal: a product has one split for each length of its left part.
    private static int CompareRank(Candidate first, Candidate second)
    {
        var order = second.LeftLength.CompareTo(first.LeftLength);
        if (order == 0)
            order = second.RightLength.CompareTo(first.RightLength);
        return order != 0 ? order : first.Merge.Product.CompareTo(second.Merge.Product);
    }

    private readonly record struct Candidate(Merge Merge, int LeftLength, int RightLength);
}
