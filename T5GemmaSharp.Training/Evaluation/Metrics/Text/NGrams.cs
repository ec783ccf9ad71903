namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>Multisets of runs of tokens.</summary>
internal static class NGrams
{
    /// <summary>How often each run of so many tokens occurs.</summary>
    /// <param name="tokens">Tokens without a blank, which parts them in the keys.</param>
    /// <param name="order">Tokens a run.</param>
    public static Dictionary<string, int> Count(string[] tokens, int order)
    {
        var counts = new Dictionary<string, int>(StringComparer.Ordinal);
        for (var start = 0; start + order <= tokens.Length; start++)
        {
            var run = string.Join(' ', tokens, start, order);
            counts[run] = counts.GetValueOrDefault(run) + 1;
        }

        return counts;
    }

    /// <summary>Size of the intersection of two multisets.</summary>
    public static int Overlap(Dictionary<string, int> first, Dictionary<string, int> second)
        => first.Sum(entry => Math.Min(entry.Value, second.GetValueOrDefault(entry.Key)));
}
