using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Hosting;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Telemetry;
using T5GemmaSharp.Tests.Support;
using T5GemmaSharp.Tests.Tokenization;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hosting;

/// <summary>Tiny models with a tokenizer, as a service would load them.</summary>
internal static class HostedTestModels
{
    /// <summary>A model whose answers do not end by themselves, with the vocabulary of <see cref="TinyTokenizer"/>.</summary>
    public static T5GemmaForConditionalGeneration Generator(PretrainedOptions? options = null)
    {
        var config = TinyModels.Config with { TieWordEmbeddings = false, InitializerRange = 3 };
        var vocabulary = TinyTokenizer.Pieces.Count;
        var model = TinyModels.LanguageModel(config with { Encoder = config.Encoder with { VocabSize = vocabulary }, Decoder = config.Decoder with { VocabSize = vocabulary } }, options);
        model.GenerationConfig = model.GenerationConfig with { EosTokenId = [] };
        return model;
    }

    public static HostedModel Hosted(T5GemmaForConditionalGeneration? model = null)
    {
        model ??= Generator();
        return new HostedModel(model, model.Config, TinyTokenizer.Create());
    }

    /// <summary>An engine with a model of its own.</summary>
    public static T5GemmaEngine Engine(T5GemmaOptions? options = null, Func<HostedModel>? load = null, EngineTelemetry? telemetry = null, ILogger? logger = null)
        => new("", options ?? Options(), telemetry ?? new EngineTelemetry(), logger ?? NullLogger.Instance, load ?? (() => Hosted()));

    /// <summary>An engine of a folder.</summary>
    public static T5GemmaEngine EngineOf(T5GemmaOptions options) => new("", options, new EngineTelemetry(), NullLogger.Instance);

    /// <summary>Live tensors of the engine's thread.</summary>
    public static async Task<long> LiveCount(T5GemmaEngine engine)
    {
        var call = await engine.SubmitAsync(_ => new CallWork<long>(_ => LiveTensors.Count, inputTokens: 0, Timeout.InfiniteTimeSpan, CancellationToken.None) { Operation = "test" }, CancellationToken.None);
        return await call.Result;
    }

    public static T5GemmaOptions Options() => new() { ModelId = "tiny", DefaultOutputTokens = 12, UseChatTemplate = false, Device = "cpu" };

    /// <summary>New ids of a generation of its own.</summary>
    public static long[] Alone(T5GemmaForConditionalGeneration model, IReadOnlyList<int> source, GenerationConfig config, GenerationControls? controls = null)
    {
        using var scope = NewDisposeScope();
        return model.Generate(new() { InputIds = torch.tensor(source.Select(id => (long)id).ToArray(), [1, source.Count], dtype: ScalarType.Int64) }, config, controls).Sequences[0].ToLongs()[1..];
    }
}
