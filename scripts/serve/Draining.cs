using System.Diagnostics;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting;

namespace T5GemmaSharp.Serve;

/// <summary>
/// On SIGTERM the service goes on listening: new requests are told that it stops (503), those under way have <see cref="T5GemmaOptions.DrainTimeout"/> to end. Only then the host
/// closes the address and stops the model.
/// </summary>
internal sealed class Draining(IOptions<T5GemmaOptions> options) : IHostedLifecycleService, IHealthCheck, IDisposable
{
    private static readonly object CallerKey = new();
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    private readonly CancellationTokenSource _expired = new();
    private volatile bool _isDraining;
    private int _active;

    public bool IsDraining => _isDraining;

    /// <summary>Whether the caller has left, rather than the time of draining passed.</summary>
    public bool HasLeft(HttpContext context) => context.Items.TryGetValue(CallerKey, out var caller) && ((CancellationToken)caller!).IsCancellationRequested && !_expired.IsCancellationRequested;

    /// <summary>Counts requests; the last part of the middleware before the endpoints.</summary>
    public async Task InvokeAsync(HttpContext context, RequestDelegate next)
    {
        if (context.Request.Path.StartsWithSegments("/health", StringComparison.Ordinal))
        {
            await next(context);
            return;
        }

        Interlocked.Increment(ref _active); // before the look at the state, so that nobody slips through
        try
        {
            if (_isDraining)
            {
                context.Response.Headers.Connection = "close";
                throw new T5GemmaUnavailableException("the service is stopping");
            }

            using var end = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted, _expired.Token);
            context.Items[CallerKey] = context.RequestAborted;
            context.RequestAborted = end.Token;
            await next(context);
        }
        finally
        {
            Interlocked.Decrement(ref _active);
        }
    }

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
        => Task.FromResult(_isDraining ? HealthCheckResult.Unhealthy("the service is stopping") : HealthCheckResult.Healthy());

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        _isDraining = true;
        var start = Stopwatch.GetTimestamp();
        var limit = options.Value.DrainTimeout;
        while (Volatile.Read(ref _active) > 0 && !cancellationToken.IsCancellationRequested && (limit == Timeout.InfiniteTimeSpan || Stopwatch.GetElapsedTime(start) < limit))
            await Task.Delay(Interval, CancellationToken.None);
        await _expired.CancelAsync();
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public void Dispose() => _expired.Dispose();
}
