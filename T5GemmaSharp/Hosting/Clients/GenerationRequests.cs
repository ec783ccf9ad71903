using T5GemmaSharp.Generation;
using T5GemmaSharp.Hosting.Batching;
using T5GemmaSharp.Hosting.Telemetry;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Checks what is asked of a model, on the caller's thread, so that the model thread gets only what it can do.</summary>
internal static class GenerationRequests
{
    /// <summary>Makes a request for the model thread.</summary>
    /// <param name="model">A model that generates.</param>
    /// <param name="options">The service's limits.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="output">Where the answer goes.</param>
    /// <param name="cancellationToken">The caller's token.</param>
    /// <exception cref="ArgumentException">It cannot be done; the message says why.</exception>
    public static GenerationWork Create(T5GemmaForConditionalGeneration model, T5GemmaOptions options, ChatRequest request, IGenerationOutput output, CancellationToken cancellationToken)
    {
        SourceLimits.CheckIds(request.SourceIds, model.Config.Encoder.VocabSize);
        var config = Complete(model.GenerationConfig, options, request.Config);
        CheckStart(config, model.Config.Decoder.VocabSize);
        var settings = GenerationSettingsResolver.Resolve(config, request.Controls, promptLength: 1, model.Config.Decoder.VocabSize);
        var newTokens = settings.MaxLength - 1;
        if (newTokens > options.MaxOutputTokens)
            throw new GenerationConfigException([$"maxNewTokens: expected at most {options.MaxOutputTokens} ({nameof(T5GemmaOptions.MaxOutputTokens)}), got {newTokens}"]);
        if (settings.NumReturnSequences > 1)
            throw new GenerationConfigException([$"numReturnSequences: expected 1, got {settings.NumReturnSequences}; send the request several times"]);
        return new GenerationWork(request.Timeout, cancellationToken)
        {
            Operation = TelemetryNames.Chat,
            SourceIds = request.SourceIds,
            Config = config,
            Controls = request.Controls,
            Settings = settings,
            Output = output,
        };
    }

    /// <summary>All settings: the model's, the request's over them, and a length where neither has one.</summary>
    public static GenerationConfig Complete(GenerationConfig model, T5GemmaOptions options, GenerationConfig request)
    {
        var config = model.Override(request) with { OutputAttentions = null, OutputHiddenStates = null, OutputLogits = null, OutputScores = null }; // nobody would get them
        return config is { MaxNewTokens: null, MaxLength: null } ? config with { MaxNewTokens = Math.Min(options.DefaultOutputTokens, options.MaxOutputTokens) } : config;
    }

    private static void CheckStart(GenerationConfig config, long vocabSize)
    {
        var start = config.DecoderStartTokenId ?? config.BosTokenId
            ?? throw new GenerationConfigException(["decoderStartTokenId: neither it nor bosTokenId is given; the decoder needs a first token"]);
        if (start < 0 || start >= vocabSize)
            throw new GenerationConfigException([$"decoderStartTokenId: expected an id from 0 to {vocabSize - 1}, got {start}"]);
    }
}
