using NUnit.Framework;

namespace T5GemmaSharp.Tests.Training.Objectives;

/// <summary>Pearson's test of counts against expected shares. The tests draw with fixed seeds, so a result never changes by chance.</summary>
internal static class ChiSquare
{
    /// <summary>Asserts that counts are those of the shares at a level of one in a thousand.</summary>
    public static void AssertFits(IReadOnlyList<int> counts, IReadOnlyList<double> shares)
    {
        var (draws, total) = ((double)counts.Sum(), shares.Sum());
        var statistic = counts.Zip(shares, (count, share) => draws * share / total is var expected ? (count - expected) * (count - expected) / expected : 0).Sum();
        Assert.That(statistic, Is.LessThan(Critical(counts.Count - 1)), $"counts {string.Join(", ", counts)}");
    }

    // Wilson and Hilferty's approximation of the quantile 0.999, right to 2 % from two degrees of freedom.
    private static double Critical(int freedom)
    {
        const double Normal = 3.0902;
        var variance = 2.0 / (9 * freedom);
        return freedom * Math.Pow(1 - variance + (Normal * Math.Sqrt(variance)), 3);
    }
}
