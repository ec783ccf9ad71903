namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Where a text is not trusted, so that no special token is read from it.</summary>
/// <param name="ranges">Ranges of UTF-16 code units, in order and apart.</param>
internal sealed class PlainRanges(IReadOnlyList<(int Start, int End)> ranges)
{
    private static readonly PlainRanges Nothing = new([]);
    private static readonly PlainRanges Everything = new([(0, int.MaxValue)]);

    /// <summary>The ranges of a text that is trusted everywhere, or not at all.</summary>
    public static PlainRanges Of(bool parseSpecial) => parseSpecial ? Nothing : Everything;

    /// <summary>Whether a range shares a code unit with one of these.</summary>
    public bool Overlap(int start, int end)
    {
        var (low, high) = (0, ranges.Count);
        while (low < high)
        {
            var middle = (low + high) / 2;
            if (ranges[middle].End <= start)
                low = middle + 1;
            else
                high = middle;
        }

        return low < ranges.Count && ranges[low].Start < end;
    }
}
