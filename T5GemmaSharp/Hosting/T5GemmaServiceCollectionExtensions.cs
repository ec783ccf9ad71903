using System.Diagnostics.Metrics;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using T5GemmaSharp.Hosting.Clients;
using T5GemmaSharp.Hosting.Telemetry;

namespace T5GemmaSharp.Hosting;

/// <summary>Adds models to a service.</summary>
public static class T5GemmaServiceCollectionExtensions
{
    /// <summary>
    /// Adds a model: <see cref="IChatClient"/>, <see cref="IEmbeddingGenerator{TInput, TEmbedding}"/> of texts, <see cref="IT5GemmaClassifier"/>, <see cref="IT5GemmaScorer"/> and
    /// <see cref="T5GemmaEngine"/>; those that the model's class cannot serve refuse every request. Its options are checked when the host starts; the model is loaded in the background then.
    /// </summary>
    /// <param name="services">The services.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddT5Gemma(this IServiceCollection services, Action<T5GemmaOptions> configure) => services.AddT5Gemma(Options.DefaultName, configure);

    /// <summary>Adds a model whose options come from configuration.</summary>
    /// <param name="services">The services.</param>
    /// <param name="section">The section with the options.</param>
    public static IServiceCollection AddT5Gemma(this IServiceCollection services, IConfiguration section) => services.AddT5Gemma(Options.DefaultName, section);

    /// <summary>Adds one of several models. Its services have its name as their key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">Name of the model; adding a name again sets further options of the same model.</param>
    /// <param name="configure">Sets the options.</param>
    public static IServiceCollection AddT5Gemma(this IServiceCollection services, string name, Action<T5GemmaOptions> configure)
    {
        ArgumentNullException.ThrowIfNull(configure);
        services.Model(name).Configure(configure);
        return services;
    }

    /// <summary>Adds one of several models whose options come from configuration. Its services have its name as their key.</summary>
    /// <param name="services">The services.</param>
    /// <param name="name">Name of the model; adding a name again sets further options of the same model.</param>
    /// <param name="section">The section with the options.</param>
    public static IServiceCollection AddT5Gemma(this IServiceCollection services, string name, IConfiguration section)
    {
        ArgumentNullException.ThrowIfNull(section);
        services.Model(name).Bind(section);
        return services;
    }

    private static OptionsBuilder<T5GemmaOptions> Model(this IServiceCollection services, string name)
    {
        ArgumentNullException.ThrowIfNull(services);
        ArgumentNullException.ThrowIfNull(name);
        services.TryAddEnumerable(ServiceDescriptor.Singleton<IValidateOptions<T5GemmaOptions>, T5GemmaOptionsValidator>());
        var options = services.AddOptions<T5GemmaOptions>(name);
        if (services.Any(service => service.ServiceType == typeof(T5GemmaEngine) && Equals(service.ServiceKey, name)))
            return options;
        services.TryAddSingleton(provider => new EngineTelemetry(provider.GetService<IMeterFactory>()));
        services.AddKeyedSingleton(name, (provider, _) => new T5GemmaEngine(
            name,
            provider.GetRequiredService<IOptionsMonitor<T5GemmaOptions>>().Get(name),
            provider.GetRequiredService<EngineTelemetry>(),
            provider.GetService<ILogger<T5GemmaEngine>>() ?? NullLogger<T5GemmaEngine>.Instance));
        services.AddSingleton<IHostedService>(provider => new EngineLifetime(provider.GetRequiredKeyedService<T5GemmaEngine>(name)));
        services.AddOf<IChatClient>(name, engine => new T5GemmaChatClient(engine));
        services.AddOf<IEmbeddingGenerator<string, Embedding<float>>>(name, engine => new T5GemmaEmbeddingGenerator(engine));
        services.AddOf<IT5GemmaClassifier>(name, engine => new T5GemmaClassifier(engine));
        services.AddOf<IT5GemmaScorer>(name, engine => new T5GemmaScorer(engine));
        if (name == Options.DefaultName)
            services.AddSingleton(provider => provider.GetRequiredKeyedService<T5GemmaEngine>(name));
        return options.ValidateOnStart();
    }

    // By its name, and without a key for the model that has none.
    private static void AddOf<T>(this IServiceCollection services, string name, Func<T5GemmaEngine, T> create)
        where T : class
    {
        services.AddKeyedSingleton(name, (provider, _) => create(provider.GetRequiredKeyedService<T5GemmaEngine>(name)));
        if (name == Options.DefaultName)
            services.AddSingleton(provider => provider.GetRequiredKeyedService<T>(name));
    }
}
