namespace T5GemmaSharp.Generation.Constraints.Expressions;

/// <summary>A set of Unicode scalar values, held as ascending ranges that do not overlap. Immutable.</summary>
internal sealed class CodePointSet
{
    public static readonly CodePointSet All = new([(0, 0xD7FF), (0xE000, 0x10FFFF)]); // without the surrogates, which are no characters

    private readonly IReadOnlyList<(int First, int Last)> _ranges;

    private CodePointSet(IReadOnlyList<(int First, int Last)> ranges) => _ranges = ranges;

    /// <summary>The ranges, both ends included.</summary>
    public IReadOnlyList<(int First, int Last)> Ranges => _ranges;

    /// <summary>Whether the set has no member.</summary>
    public bool IsEmpty => _ranges.Count == 0;

    /// <summary>The set of one character.</summary>
    public static CodePointSet Single(int codePoint) => Of((codePoint, codePoint));

    /// <summary>The set of ranges in any order, which may overlap; surrogates are left out.</summary>
    public static CodePointSet Of(params (int First, int Last)[] ranges)
    {
        var merged = new List<(int First, int Last)>();
        foreach (var (first, last) in ranges.Order())
        {
            if (merged.Count > 0 && first <= merged[^1].Last + 1)
                merged[^1] = (merged[^1].First, Math.Max(merged[^1].Last, last));
            else
                merged.Add((first, last));
        }

        return All.Intersect(merged);
    }

    public CodePointSet Union(CodePointSet other) => Of([.. _ranges, .. other._ranges]);

    public CodePointSet Intersect(CodePointSet other) => Intersect(other._ranges);

    public CodePointSet Except(CodePointSet other) => Intersect(other.Complement());

    /// <summary>All other characters.</summary>
    public CodePointSet Complement()
    {
        var gaps = new List<(int First, int Last)>();
        var next = 0;
        foreach (var (first, last) in _ranges)
        {
            if (first > next)
                gaps.Add((next, first - 1));
            next = last + 1;
        }

        gaps.Add((next, int.MaxValue));
        return All.Intersect(gaps);
    }

    private CodePointSet Intersect(IReadOnlyList<(int First, int Last)> other)
    {
        var common = new List<(int First, int Last)>();
        for (int mine = 0, theirs = 0; mine < _ranges.Count && theirs < other.Count;)
        {
            var (first, last) = (Math.Max(_ranges[mine].First, other[theirs].First), Math.Min(_ranges[mine].Last, other[theirs].Last));
            if (first <= last)
                common.Add((first, last));
            if (_ranges[mine].Last < other[theirs].Last)
                mine++;
            else
                theirs++;
        }

        return new CodePointSet(common);
    }
}
