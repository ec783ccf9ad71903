using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using Microsoft.Extensions.Options;

namespace T5GemmaSharp.Hosting;

/// <summary>Adds the health of models to a service's checks.</summary>
public static class T5GemmaHealthCheckExtensions
{
    /// <summary>Tag of the checks that a model takes requests: it is loaded and has made its first pass.</summary>
    public const string ReadyTag = "ready";

    /// <summary>Tag of the checks that a model has not failed.</summary>
    public const string LiveTag = "live";

    /// <summary>Adds two checks of a model: <c>t5gemma</c>, tagged <see cref="ReadyTag"/>, and <c>t5gemma-live</c>, tagged <see cref="LiveTag"/>; with a name, <c>t5gemma-NAME</c> and so on.</summary>
    /// <param name="builder">The checks.</param>
    /// <param name="name">Name of the model; null: the one without a name.</param>
    public static IHealthChecksBuilder AddT5Gemma(this IHealthChecksBuilder builder, string? name = null)
    {
        ArgumentNullException.ThrowIfNull(builder);
        var check = string.IsNullOrEmpty(name) ? "t5gemma" : $"t5gemma-{name}";
        return builder.Add(Registration(check, isReadiness: true, ReadyTag)).Add(Registration($"{check}-live", isReadiness: false, LiveTag));

        HealthCheckRegistration Registration(string checkName, bool isReadiness, string tag) => new(
            checkName,
            provider => new T5GemmaHealthCheck(provider.GetRequiredKeyedService<T5GemmaEngine>(name ?? Options.DefaultName), isReadiness),
            HealthStatus.Unhealthy,
            [tag]);
    }
}
