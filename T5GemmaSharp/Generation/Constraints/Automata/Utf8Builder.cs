using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>Builds the states that read one character of a set in UTF-8. Equal endings are built once.</summary>
internal sealed class Utf8Builder(NfaBuilder builder, int next)
{
    private const int ContinuationMark = 0x80;
    private const int BitsOfContinuation = 6;

    // Number of continuation bytes, first and last character, mark of the leading byte.
    private static readonly (int First, int Last, int Mark)[] Lengths = [(0, 0x7F, 0), (0x80, 0x7FF, 0xC0), (0x800, 0xFFFF, 0xE0), (0x10000, 0x10FFFF, 0xF0)];

    private readonly Dictionary<(int First, int Last, int Following), int> _endings = [];

    /// <summary>Adds the states; returns the first.</summary>
    public int Add(CodePointSet set)
    {
        var edges = new List<NfaEdge>();
        foreach (var (first, last) in set.Ranges)
        {
            for (var rest = 0; rest < Lengths.Length; rest++)
            {
                var (low, high) = (Math.Max(first, Lengths[rest].First), Math.Min(last, Lengths[rest].Last));
                if (low <= high)
                    AddEdges(edges, low, high, rest, Lengths[rest].Mark);
            }
        }

        return builder.AddReading([.. edges]);
    }

    /// <summary>Adds the edges for a byte that is followed by a number of others, so that the values of all their bits together lie in a range.</summary>
    private void AddEdges(List<NfaEdge> edges, int first, int last, int rest, int mark)
    {
        var shift = BitsOfContinuation * rest;
        var all = (1 << shift) - 1;
        for (var low = first; low <= last;)
        {
            var isWhole = (low & all) == 0;
            // From a whole block on, all whole blocks go together; else only what is left of the block.
            var high = isWhole && last - low >= all ? (((last + 1) >> shift) << shift) - 1 : Math.Min(last, low | all);
            edges.Add(new NfaEdge((byte)(mark | (low >> shift)), (byte)(mark | (high >> shift)), Ending(low & all, high & all, rest)));
            low = high + 1;
        }
    }

    private int Ending(int first, int last, int rest)
    {
        if (rest == 0)
            return next;
        if (_endings.TryGetValue((first, last, rest), out var known))
            return known;
        var edges = new List<NfaEdge>();
        AddEdges(edges, first, last, rest - 1, ContinuationMark);
        return _endings[(first, last, rest)] = builder.AddReading([.. edges]);
    }
}
