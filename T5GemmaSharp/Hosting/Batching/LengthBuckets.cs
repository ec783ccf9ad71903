namespace T5GemmaSharp.Hosting.Batching;

/// <summary>Chooses rows of like length for one pass.</summary>
internal static class LengthBuckets
{
    /// <summary>Takes the oldest item and others after it whose lengths are within a factor of two of one another.</summary>
    /// <typeparam name="T">What waits.</typeparam>
    /// <param name="waiting">The items, the oldest first; those that are chosen are removed. Not empty.</param>
    /// <param name="length">Tokens of an item.</param>
    /// <param name="maxRows">Most items.</param>
    /// <param name="maxTokens">Most tokens, padding included. The oldest item is taken whatever its length.</param>
    public static List<T> Take<T>(List<T> waiting, Func<T, int> length, int maxRows, int maxTokens)
    {
        var (shortest, longest) = (int.MaxValue, 0);
        var taken = new List<T>();
        var kept = new List<T>();
        foreach (var item in waiting)
        {
            var (least, most) = (Math.Min(shortest, length(item)), Math.Max(longest, length(item)));
            var fits = taken.Count == 0 || (taken.Count < maxRows && most <= 2L * least && (long)most * (taken.Count + 1) <= maxTokens);
            if (fits)
                (shortest, longest) = (least, most);
            (fits ? taken : kept).Add(item);
        }

        waiting.Clear();
        waiting.AddRange(kept);
        return taken;
    }
}
