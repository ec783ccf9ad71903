namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Correlation coefficients, -1 to 1.</summary>
/// <remarks>scipy: <c>pearsonr</c>, <c>spearmanr</c>, <c>rankdata</c>. Where scipy gives NaN, for fewer than two pairs or for constant numbers, these give 0.</remarks>
public static class Correlation
{
    /// <summary>Pearson's coefficient: how near the pairs lie to a straight line.</summary>
    /// <param name="first">One number of each pair, finite.</param>
    /// <param name="second">The other number of each pair, finite.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double Pearson(IReadOnlyList<double> first, IReadOnlyList<double> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        if (first.Count != second.Count)
            throw new ArgumentException($"second: expected {first.Count} numbers as in first, got {second.Count}", nameof(second));
        // Asked of the numbers themselves: the mean of equal numbers can be off by a rounding, and then the quotient is noise.
        if (IsConstant(first) || IsConstant(second))
            return 0;

        var (firstMean, secondMean) = (first.Average(), second.Average());
        var (product, firstSquares, secondSquares) = (0.0, 0.0, 0.0);
        for (var i = 0; i < first.Count; i++)
        {
            var (x, y) = (first[i] - firstMean, second[i] - secondMean);
            product += x * y;
            firstSquares += x * x;
            secondSquares += y * y;
        }

        return Math.Clamp(product / (Math.Sqrt(firstSquares) * Math.Sqrt(secondSquares)), -1, 1);
    }

    /// <summary>Spearman's coefficient: Pearson's of the ranks.</summary>
    /// <param name="first">One number of each pair, finite.</param>
    /// <param name="second">The other number of each pair, finite.</param>
    /// <exception cref="ArgumentException">The lists differ in length.</exception>
    public static double Spearman(IReadOnlyList<double> first, IReadOnlyList<double> second) => Pearson(Ranks(first), Ranks(second));

    /// <summary>Ranks from 1 in rising order; equal numbers share the mean of their ranks.</summary>
    /// <param name="values">The numbers, finite.</param>
    public static double[] Ranks(IReadOnlyList<double> values)
    {
        ArgumentNullException.ThrowIfNull(values);
        var order = Enumerable.Range(0, values.Count).OrderBy(place => values[place]).ToArray();
        var ranks = new double[values.Count];
        for (var (start, end) = (0, 0); start < order.Length; start = end)
        {
            while (end < order.Length && values[order[end]] == values[order[start]])
                end++;
            foreach (var place in order.AsSpan(start, end - start))
                ranks[place] = (start + 1 + end) / 2.0;
        }

        return ranks;
    }

    private static bool IsConstant(IReadOnlyList<double> values) => values.Count == 0 || values.All(value => value == values[0]);
}
