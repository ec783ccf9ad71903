namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Seconds of the counted runs.</summary>
internal sealed record Timing(double Median, double Min, double Max)
{
    /// <summary>Sums runs up.</summary>
    /// <param name="seconds">At least one.</param>
    public static Timing Of(IEnumerable<double> seconds)
    {
        var sorted = seconds.Order().ToArray();
        return new Timing((sorted[(sorted.Length - 1) / 2] + sorted[sorted.Length / 2]) / 2, sorted[0], sorted[^1]);
    }

    /// <summary>What is left of each run after a part that took its usual time.</summary>
    public Timing After(Timing part) => new(Median - part.Median, Min - part.Median, Max - part.Median);
}
