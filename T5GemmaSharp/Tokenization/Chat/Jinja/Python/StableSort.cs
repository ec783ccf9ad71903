namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>A merge sort that keeps the order of equals, calls only "is less" and lets its exceptions through, as Python's sort does.</summary>
internal static class StableSort
{
    /// <summary>A sorted copy.</summary>
    public static List<T> Sort<T>(IReadOnlyList<T> items, Func<T, T, bool> isLess)
    {
        if (items.Count < 2)
            return [.. items];
        var middle = items.Count / 2;
        var left = Sort([.. items.Take(middle)], isLess);
        var right = Sort([.. items.Skip(middle)], isLess);
        var result = new List<T>(items.Count);
        for (int first = 0, second = 0; first < left.Count || second < right.Count;)
        {
            var takeRight = first == left.Count || (second < right.Count && isLess(right[second], left[first]));
            result.Add(takeRight ? right[second++] : left[first++]);
        }

        return result;
    }
}
