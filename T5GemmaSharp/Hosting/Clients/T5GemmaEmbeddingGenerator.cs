using Microsoft.Extensions.AI;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Telemetry;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Makes vectors of texts with the encoder of a model of the service.</summary>
internal sealed class T5GemmaEmbeddingGenerator(T5GemmaEngine engine) : IEmbeddingGenerator<string, Embedding<float>>
{
    public async Task<GeneratedEmbeddings<Embedding<float>>> GenerateAsync(IEnumerable<string> values, EmbeddingGenerationOptions? options = null, CancellationToken cancellationToken = default)
    {
        ArgumentNullException.ThrowIfNull(values);
        string[] texts = [.. values];
        if (texts.Length == 0)
            return [];
        var limits = engine.Options;
        var work = await engine.SubmitAsync(
            model =>
            {
                if (model.Encoder is null)
                    throw new NotSupportedException($"the model {engine.ModelId} is a {model.Model.GetType().Name}; vectors are made by models that generate and by encoders");
                if (options?.Dimensions is { } dimensions && dimensions != model.Config.Encoder.HiddenSize)
                    throw new NotSupportedException($"Dimensions: expected {model.Config.Encoder.HiddenSize}, the encoder's width, got {dimensions}");
                return new RowsWork(new EmbeddingRows(limits.Pooling, limits.NormalizeEmbeddings), [.. texts.Select(text => TextRows.Encode(model, text, limits))], limits.RequestTimeout, cancellationToken) { Operation = TelemetryNames.Embeddings };
            },
            cancellationToken).ConfigureAwait(false);
        var vectors = await work.Result.ConfigureAwait(false);
        var count = work.Rows.Sum(row => (long)row.Count);
        return new GeneratedEmbeddings<Embedding<float>>(vectors.Select(vector => new Embedding<float>(vector) { ModelId = engine.ModelId, CreatedAt = DateTimeOffset.UtcNow }))
        {
            Usage = new UsageDetails { InputTokenCount = count, TotalTokenCount = count },
        };
    }

    public object? GetService(Type serviceType, object? serviceKey = null)
    {
        ArgumentNullException.ThrowIfNull(serviceType);
        if (serviceKey is not null)
            return null;
        return new object[] { new EmbeddingGeneratorMetadata(Provider.Name, defaultModelId: engine.ModelId), engine, this }.FirstOrDefault(serviceType.IsInstanceOfType);
    }

    // The engine is the container's.
    public void Dispose()
    {
    }
}
