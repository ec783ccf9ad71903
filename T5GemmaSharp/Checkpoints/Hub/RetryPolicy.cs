namespace T5GemmaSharp.Checkpoints.Hub;

/// <summary>Repeats what failed for a while, after waits that double.</summary>
/// <param name="maxRetries">How many failures without progress in between are borne.</param>
/// <param name="delay">The first wait.</param>
internal sealed class RetryPolicy(int maxRetries, TimeSpan delay)
{
    /// <summary>The longest wait, whoever asks for it.</summary>
    public static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    /// <summary>Runs an attempt until it succeeds.</summary>
    /// <param name="attempt">What to do.</param>
    /// <param name="progress">A number that grows as attempts get further; what gets further counts as no failure. Only a new maximum counts, so that restarts from nothing end.</param>
    /// <param name="cancellationToken">Ends a wait.</param>
    /// <exception cref="HubException">The attempts are used up, or the server asks to wait for too long.</exception>
    public async Task<T> RunAsync<T>(Func<Task<T>> attempt, Func<long> progress, CancellationToken cancellationToken)
    {
        var furthest = progress();
        for (var failures = 1; ; failures++)
        {
            TransientHubException failure;
            try
            {
                return await attempt().ConfigureAwait(false);
            }
            catch (TransientHubException exception)
            {
                failure = exception;
            }

            if (progress() > furthest)
                (furthest, failures) = (progress(), 1);
            if (failures > maxRetries)
                throw Final(failure, $"{failure.Message}; {failures} attempts failed. What is there is kept: run it again later to go on.");
            if (failure.RetryAfter > LongestWait)
                throw Final(failure, $"{failure.Message}, and the server asks to wait {failure.RetryAfter.Value.TotalSeconds:F0} s. What is there is kept: run it again then to go on.");
            await Task.Delay(Wait(failure, failures), cancellationToken).ConfigureAwait(false);
        }
    }

    private static HubException Final(TransientHubException failure, string message) => new(failure.Fault, message, failure.StatusCode, failure);

    // Files that failed together shall not come back together.
    private TimeSpan Wait(TransientHubException failure, int failures)
    {
        var own = Math.Min(delay.TotalSeconds * Math.Pow(2, failures - 1), LongestWait.TotalSeconds) * (0.75 + (0.25 * Random.Shared.NextDouble()));
        return TimeSpan.FromSeconds(Math.Max(own, failure.RetryAfter?.TotalSeconds ?? 0));
    }
}
