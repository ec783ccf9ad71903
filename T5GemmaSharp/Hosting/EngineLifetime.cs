using Microsoft.Extensions.Hosting;

namespace T5GemmaSharp.Hosting;

/// <summary>Starts a model with the host, without holding it up, and lets its requests end when the host stops.</summary>
internal sealed class EngineLifetime(T5GemmaEngine engine) : IHostedService
{
    public Task StartAsync(CancellationToken cancellationToken)
    {
        engine.Start();
        return Task.CompletedTask;
    }

    public Task StopAsync(CancellationToken cancellationToken) => engine.StopAsync(cancellationToken);
}
