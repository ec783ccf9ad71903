using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace T5GemmaSharp.Hosting;

/// <summary>Whether a model takes requests, or at least can once it is loaded.</summary>
/// <param name="engine">The model.</param>
/// <param name="isReadiness">Whether it has to take requests now; else it is enough that it has not failed.</param>
internal sealed class T5GemmaHealthCheck(T5GemmaEngine engine, bool isReadiness) : IHealthCheck
{
    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default)
    {
        var (state, data) = (engine.State, new Dictionary<string, object>
        {
            ["model"] = engine.ModelId,
            ["waiting"] = engine.WaitingRequests,
            ["active"] = engine.ActiveRequests,
            ["route"] = engine.Route?.ToString() ?? "",
        });
        var isHealthy = isReadiness ? state == T5GemmaEngineState.Ready : state != T5GemmaEngineState.Failed;
        return Task.FromResult(new HealthCheckResult(isHealthy ? HealthStatus.Healthy : context.Registration.FailureStatus, $"{engine.ModelId}: {state}", engine.Failure, data));
    }
}
