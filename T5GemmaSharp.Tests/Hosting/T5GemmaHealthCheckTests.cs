using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using NUnit.Framework;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Tests.Support;

namespace T5GemmaSharp.Tests.Hosting;

public sealed class T5GemmaHealthCheckTests
{
    [Test]
    public async Task Checks_ModelThatIsLoadedAndStopped_AreReadyInBetweenAndAlwaysLive()
    {
        using var load = new ManualResetEventSlim();
        using var engine = HostedTestModels.Engine(load: () =>
        {
            load.Wait();
            return HostedTestModels.Hosted();
        });
        engine.Start();
        Assert.That(await Check(engine, isReadiness: true), Is.EqualTo((HealthStatus.Unhealthy, "tiny: Loading")));
        Assert.That((await Check(engine, isReadiness: false)).Status, Is.EqualTo(HealthStatus.Healthy));
        load.Set();
        await engine.LoadedAsync(CancellationToken.None);
        Assert.That(await Check(engine, isReadiness: true), Is.EqualTo((HealthStatus.Healthy, "tiny: Ready")));
        await engine.StopAsync(CancellationToken.None);
        Assert.That(await Check(engine, isReadiness: true), Is.EqualTo((HealthStatus.Unhealthy, "tiny: Stopped")));
    }

    [Test]
    public async Task Checks_ModelThatCannotBeLoaded_AreNeither()
    {
        using var engine = HostedTestModels.Engine(load: HostedModel () => throw new IOException("no disk"));
        Assert.That(() => engine.LoadedAsync(CancellationToken.None), Throws.TypeOf<T5GemmaUnavailableException>());
        Assert.That(await Check(engine, isReadiness: true), Is.EqualTo((HealthStatus.Unhealthy, "tiny: Failed")));
        Assert.That((await Check(engine, isReadiness: false)).Status, Is.EqualTo(HealthStatus.Unhealthy));
    }

    [Test]
    public async Task AddT5Gemma_Checks_AreTaggedByKind()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddT5Gemma("second", options => options.ModelPath = Path.Combine(SourceTree.Root(), "weights", "g2p"));
        services.AddHealthChecks().AddT5Gemma("second");
        await using var provider = services.BuildServiceProvider();
        var health = provider.GetRequiredService<HealthCheckService>();
        var ready = await health.CheckHealthAsync(check => check.Tags.Contains(T5GemmaHealthCheckExtensions.ReadyTag));
        var live = await health.CheckHealthAsync(check => check.Tags.Contains(T5GemmaHealthCheckExtensions.LiveTag));
        Assert.That((ready.Status, ready.Entries.Keys.Single()), Is.EqualTo((HealthStatus.Unhealthy, "t5gemma-second")), "not started");
        Assert.That((live.Status, live.Entries.Keys.Single()), Is.EqualTo((HealthStatus.Healthy, "t5gemma-second-live")));
    }

    private static async Task<(HealthStatus Status, string? Description)> Check(T5GemmaEngine engine, bool isReadiness)
    {
        var check = new T5GemmaHealthCheck(engine, isReadiness);
        var result = await check.CheckHealthAsync(new HealthCheckContext { Registration = new HealthCheckRegistration("t5gemma", check, HealthStatus.Unhealthy, tags: null) });
        return (result.Status, result.Description);
    }
}
