using System.Diagnostics;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>How many requests a second end while others wait. Thread-safe.</summary>
internal sealed class ServiceRate
{
    private const double Weight = 0.1; // of the newest time in the mean: some ten requests count
    private static readonly TimeSpan Longest = TimeSpan.FromMinutes(1);

    private readonly Lock _lock = new();
    private double _secondsPerRequest;
    private long _lastEnd;

    /// <summary>Counts a request that has ended.</summary>
    /// <param name="arrival">When it arrived, a timestamp.</param>
    /// <param name="end">When it ended.</param>
    public void Count(long arrival, long end)
    {
        lock (_lock)
        {
            // Idle time before its arrival does not count.
            var seconds = Stopwatch.GetElapsedTime(Math.Max(arrival, _lastEnd), end).TotalSeconds;
            _secondsPerRequest += Weight * (seconds - _secondsPerRequest);
            _lastEnd = end;
        }
    }

    /// <summary>The time that a number of requests will take: whole seconds, at least one, at most a minute.</summary>
    public TimeSpan TimeOf(int requests)
    {
        lock (_lock)
            return TimeSpan.FromSeconds(Math.Clamp(Math.Ceiling(requests * _secondsPerRequest), 1, Longest.TotalSeconds));
    }
}
