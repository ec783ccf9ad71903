namespace T5GemmaSharp.Training.Data.Files;

/// <summary>How many sequences have which length.</summary>
public sealed class LengthCounts
{
    private readonly SortedDictionary<int, long> _counts = [];
    private long _sum;

    /// <summary>Number of sequences.</summary>
    public long Count { get; private set; }

    /// <summary>Mean length; 0 of none.</summary>
    public double Mean => Count == 0 ? 0 : (double)_sum / Count;

    /// <summary>The length that a share of the sequences does not exceed.</summary>
    /// <param name="share">0 for the shortest, 1 for the longest, 0.5 for the median.</param>
    /// <returns>The least such length; 0 of none.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="share"/> is not from 0 to 1.</exception>
    public int Percentile(double share)
    {
        if (share is not (>= 0 and <= 1))
            throw new ArgumentOutOfRangeException(nameof(share), share, "share: expected a number from 0 to 1");
        var wanted = Math.Max(1, (long)Math.Ceiling(share * Count));
        var seen = 0L;
        foreach (var (length, count) in _counts)
        {
            seen += count;
            if (seen >= wanted)
                return length;
        }

        return 0;
    }

    internal void Add(int length)
    {
        _counts[length] = _counts.GetValueOrDefault(length) + 1;
        _sum += length;
        Count++;
    }
}
