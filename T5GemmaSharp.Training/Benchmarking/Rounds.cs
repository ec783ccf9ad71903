namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Repeats a measurement.</summary>
internal static class Rounds
{
    /// <summary>Sums up the counted rounds. What is compared is measured in one round, so that a slow moment of the machine hits all of it.</summary>
    /// <param name="settings">How often.</param>
    /// <param name="round">Seconds of everything that is measured.</param>
    /// <param name="cancellation">Ends the work after the round in progress.</param>
    public static Timing[] Measure(BenchmarkSettings settings, Func<double[]> round, CancellationToken cancellation)
    {
        var rounds = new List<double[]>();
        for (var index = -settings.Warmup; index < settings.Repeats; index++)
        {
            cancellation.ThrowIfCancellationRequested();
            var seconds = round();
            if (index >= 0)
                rounds.Add(seconds);
        }

        return [.. Enumerable.Range(0, rounds[0].Length).Select(part => Timing.Of(rounds.Select(seconds => seconds[part])))];
    }
}
