using System.Globalization;
using System.Text.Json;
using T5GemmaSharp.Generation.Constraints;

namespace T5GemmaSharp.Generation;

/// <summary>Fills the defaults in and checks the whole before anything runs.</summary>
/// <remarks>HF: <c>GenerationConfig.validate</c> and the preparation in <c>GenerationMixin.generate</c>.</remarks>
internal sealed class GenerationSettingsResolver
{
    private const int DefaultTopK = 50;

    // Settings of transformers that change the result and are not here, with the values at which they do not. They must not be ignored silently.
    private static readonly Dictionary<string, string[]> Refused = new(StringComparer.Ordinal)
    {
        ["guidance_scale"] = ["1.0", "1"],
        ["penalty_alpha"] = ["0.0", "0"],
        ["watermarking_config"] = [],
        ["num_beam_groups"] = ["1"],
        ["diversity_penalty"] = ["0.0", "0"],
        ["force_words_ids"] = [],
        ["constraints"] = [],
        ["dola_layers"] = [],
        ["token_healing"] = ["false"],
        ["low_memory"] = ["false"],
        ["assistant_early_exit"] = [],
        ["prefill_chunk_size"] = [],
    };

    private readonly GenerationConfig _config;
    private readonly GenerationControls _controls;
    private readonly long _vocabSize;
    private readonly List<string> _faults = [];

    private GenerationSettingsResolver(GenerationConfig config, GenerationControls controls, long vocabSize)
        => (_config, _controls, _vocabSize) = (config, controls, vocabSize);

    /// <summary>Resolves the settings of one generation.</summary>
    /// <param name="config">The settings, those of the call over those of the model.</param>
    /// <param name="controls">The caller's objects.</param>
    /// <param name="promptLength">Tokens before the first new one.</param>
    /// <param name="vocabSize">Size of the decoder's vocabulary.</param>
    /// <exception cref="GenerationConfigException">Settings are impossible or contradict each other; all are named.</exception>
    /// <exception cref="NotSupportedException">A setting of transformers is not implemented.</exception>
    public static GenerationSettings Resolve(GenerationConfig config, GenerationControls controls, long promptLength, long vocabSize)
    {
        RefuseUnsupported(config);
        var resolver = new GenerationSettingsResolver(config, controls, vocabSize);
        resolver.CheckNumbers();
        resolver.CheckIds();
        resolver.CheckCombinations();
        var settings = resolver.Resolve(promptLength);
        if (resolver._faults.Count > 0)
            throw new GenerationConfigException(resolver._faults);
        return settings;
    }

    private GenerationSettings Resolve(long promptLength)
    {
        var maxLength = _config.MaxLengthAfter(promptLength);
        Demand(promptLength < maxLength, "maxLength", $"more than the {promptLength} tokens of the decoder's prompt", maxLength);
        var eos = _config.EosTokenId ?? [];
        return new GenerationSettings
        {
            PromptLength = promptLength,
            MaxLength = maxLength,
            MinLength = Math.Max(_config.MinLength ?? 0, _config.MinNewTokens is { } minimum ? promptLength + minimum : 0),
            MaxTime = _config.MaxTime is > 0 and var seconds && seconds < TimeSpan.MaxValue.TotalSeconds ? TimeSpan.FromSeconds(seconds) : null,
            StopStrings = _config.StopStrings ?? [],
            PadTokenId = _config.PadTokenId ?? (eos.Count > 0 ? eos[0] : null),
            EosTokenIds = eos,
            UseCache = _config.UseCache ?? true,
            UseStaticCache = _config.CacheImplementation == "static",
            DoSample = _config.DoSample ?? false,
            NumBeams = _config.NumBeams ?? 1,
            NumReturnSequences = _config.NumReturnSequences ?? 1,
            EarlyStopping = _config.EarlyStopping ?? EarlyStopping.False,
            LengthPenalty = _config.LengthPenalty ?? 1,
            PromptLookupNumTokens = _config.PromptLookupNumTokens,
            MaxMatchingNgramSize = _config.MaxMatchingNgramSize ?? 2,
            NumAssistantTokens = _config.NumAssistantTokens ?? 20,
            AdaptsAssistantTokens = _config.NumAssistantTokensSchedule is "heuristic" or "heuristic_transient",
            AssistantConfidenceThreshold = _config.AssistantConfidenceThreshold ?? 0.4,
            Temperature = _config.Temperature ?? 1,
            TopK = _config.TopK ?? DefaultTopK,
            TopP = _config.TopP ?? 1,
            MinP = _config.MinP,
            TopH = _config.TopH,
            TypicalP = _config.TypicalP ?? 1,
            EpsilonCutoff = _config.EpsilonCutoff ?? 0,
            EtaCutoff = _config.EtaCutoff ?? 0,
            RepetitionPenalty = _config.RepetitionPenalty ?? 1,
            EncoderRepetitionPenalty = _config.EncoderRepetitionPenalty ?? 1,
            NoRepeatNgramSize = _config.NoRepeatNgramSize ?? 0,
            EncoderNoRepeatNgramSize = _config.EncoderNoRepeatNgramSize ?? 0,
            BadWords = [.. (_config.BadWordsIds ?? []).Where(ids => ids.Count != 1 || !eos.Contains(ids[0])).Select(ids => new SequenceBias(ids, double.NegativeInfinity))],
            SequenceBias = _config.SequenceBias ?? [],
            SuppressTokens = _config.SuppressTokens ?? [],
            BeginSuppressTokens = _config.BeginSuppressTokens ?? [],
            ForcedBosTokenId = _config.ForcedBosTokenId,
            ForcedEosTokenIds = _config.ForcedEosTokenId ?? [],
            ExponentialDecay = _config.ExponentialDecayLengthPenalty,
            RemoveInvalidValues = _config.RemoveInvalidValues ?? false,
            RenormalizeLogits = _config.RenormalizeLogits ?? false,
            OutputScores = _config.OutputScores ?? false,
            OutputLogits = _config.OutputLogits ?? false,
            OutputAttentions = _config.OutputAttentions ?? false,
            OutputHiddenStates = _config.OutputHiddenStates ?? false,
        };
    }

    private void CheckNumbers()
    {
        Demand(_config.MaxNewTokens is not < 1, "maxNewTokens", "at least 1", _config.MaxNewTokens);
        Demand(_config.MinNewTokens is not < 0, "minNewTokens", "at least 0", _config.MinNewTokens);
        Demand(_config.MinLength is not < 0, "minLength", "at least 0", _config.MinLength);
        Demand(_config.MaxTime is null or > 0, "maxTime", "seconds above 0", _config.MaxTime);
        Demand(_config.NumBeams is not < 1, "numBeams", "at least 1", _config.NumBeams);
        Demand(_config.NumReturnSequences is not < 1, "numReturnSequences", "at least 1", _config.NumReturnSequences);
        Demand(_config.PromptLookupNumTokens is not < 1, "promptLookupNumTokens", "at least 1", _config.PromptLookupNumTokens);
        Demand(_config.MaxMatchingNgramSize is not < 1, "maxMatchingNgramSize", "at least 1", _config.MaxMatchingNgramSize);
        Demand(_config.NumAssistantTokens is not < 1, "numAssistantTokens", "at least 1", _config.NumAssistantTokens);
        Demand(_config.AssistantConfidenceThreshold is null or (>= 0 and <= 1), "assistantConfidenceThreshold", "0 to 1", _config.AssistantConfidenceThreshold);
        Demand(_config.NoRepeatNgramSize is not < 0, "noRepeatNgramSize", "at least 0", _config.NoRepeatNgramSize);
        Demand(_config.EncoderNoRepeatNgramSize is not < 0, "encoderNoRepeatNgramSize", "at least 0", _config.EncoderNoRepeatNgramSize);
        Demand(_config.RepetitionPenalty is null or > 0, "repetitionPenalty", "a number above 0", _config.RepetitionPenalty);
        Demand(_config.EncoderRepetitionPenalty is null or > 0, "encoderRepetitionPenalty", "a number above 0", _config.EncoderRepetitionPenalty);
        Demand(_config.LengthPenalty is null || double.IsFinite(_config.LengthPenalty.Value), "lengthPenalty", "a finite number", _config.LengthPenalty);
        Demand(_config.ExponentialDecayLengthPenalty is null or { Start: >= 0, Factor: > 0 }, "exponentialDecayLengthPenalty", "a start of at least 0 and a factor above 0", _config.ExponentialDecayLengthPenalty);
        Demand(_config.Temperature is null or (> 0 and < double.PositiveInfinity), "temperature", "a number above 0 (for the most probable token set doSample to false)", _config.Temperature);
        Demand(_config.TopK is not < 0, "topK", "at least 0", _config.TopK);
        Demand(_config.TopP is null or (>= 0 and <= 1), "topP", "0 to 1", _config.TopP);
        Demand(_config.MinP is null or (>= 0 and <= 1), "minP", "0 to 1", _config.MinP);
        Demand(_config.TopH is null or (> 0 and <= 1), "topH", "above 0 to 1", _config.TopH);
        Demand(_config.TypicalP is null or (> 0 and <= 1), "typicalP", "above 0 to 1", _config.TypicalP);
        Demand(_config.EpsilonCutoff is null or (>= 0 and < 1), "epsilonCutoff", "0 to below 1", _config.EpsilonCutoff);
        Demand(_config.EtaCutoff is null or (>= 0 and < 1), "etaCutoff", "0 to below 1", _config.EtaCutoff);
        Demand(_config.CacheImplementation is null or "dynamic" or "static", "cacheImplementation", "\"dynamic\" or \"static\"", _config.CacheImplementation);
        Demand(
            _config.NumAssistantTokensSchedule is null or "constant" or "heuristic" or "heuristic_transient",
            "numAssistantTokensSchedule",
            "\"constant\", \"heuristic\" or \"heuristic_transient\"",
            _config.NumAssistantTokensSchedule);
    }

    private void CheckIds()
    {
        CheckIds("eosTokenId", _config.EosTokenId);
        CheckIds("padTokenId", _config.PadTokenId is { } pad ? [pad] : null);
        CheckIds("forcedBosTokenId", _config.ForcedBosTokenId is { } bos ? [bos] : null);
        CheckIds("forcedEosTokenId", _config.ForcedEosTokenId);
        CheckIds("suppressTokens", _config.SuppressTokens);
        CheckIds("beginSuppressTokens", _config.BeginSuppressTokens);
        foreach (var words in _config.BadWordsIds ?? [])
            CheckSequence("badWordsIds", words);
        foreach (var bias in _config.SequenceBias ?? [])
            CheckSequence("sequenceBias", bias.Ids);
    }

    private void CheckSequence(string name, IReadOnlyList<long> ids)
    {
        Demand(ids.Count > 0, name, "sequences of at least one id", "an empty one");
        CheckIds(name, ids);
    }

    private void CheckIds(string name, IReadOnlyList<long>? ids)
    {
        foreach (var id in (ids ?? []).Where(id => id < 0 || id >= _vocabSize).Take(1))
            Demand(false, name, $"an id from 0 to {_vocabSize - 1}", id);
    }

    private void CheckCombinations()
    {
        var (beams, results, sample) = (Math.Max(1, _config.NumBeams ?? 1), _config.NumReturnSequences ?? 1, _config.DoSample ?? false);
        Demand(beams == 1 || results <= beams, "numReturnSequences", $"at most the {beams} beams", results);
        Demand(beams > 1 || sample || results == 1, "numReturnSequences", "1 without beams and without sampling, which would give equal results", results);
        if (_config.StopStrings is { Count: > 0 } texts)
        {
            Demand(_controls.Tokenizer is not null, "stopStrings", "a tokenizer in the controls", "none");
            Demand(!texts.Any(string.IsNullOrEmpty), "stopStrings", "texts that are not empty", "an empty one");
        }

        // It would end a text that is not complete; the constraint would then have no token left.
        Demand(
            _config.ForcedEosTokenId is not { Count: > 0 } || !_controls.LogitsProcessors.Any(processor => processor is ConstraintProcessor),
            "forcedEosTokenId",
            "none beside a constraint, whose text may be incomplete at the longest length (set it to an empty list and raise maxNewTokens)",
            string.Join(", ", _config.ForcedEosTokenId ?? []));
        Demand(_controls is not { Seed: not null, Generator: not null }, "seed", "a seed or a generator", "both");
        foreach (var (name, forced) in new[] { ("forcedBosTokenId", _config.ForcedBosTokenId is { } bos ? [bos] : []), ("forcedEosTokenId", _config.ForcedEosTokenId ?? []) })
            Demand(forced.Count == 0 || _config.SuppressTokens is not { } suppressed || !forced.All(suppressed.Contains), name, "an id that suppressTokens allows", string.Join(", ", forced));

        if (_controls.AssistantModel is null && _config.PromptLookupNumTokens is null)
            return;
        var mode = _controls.AssistantModel is null ? "promptLookupNumTokens" : "assistantModel";
        Demand(_controls.AssistantModel is null || _config.PromptLookupNumTokens is null, mode, "without promptLookupNumTokens", "both");
        Demand(beams == 1 && results == 1, mode, "one beam and one result", $"{beams} beams and {results} results");
        Demand(_config.UseCache ?? true, mode, "useCache", "false");
        Demand(_config.CacheImplementation != "static", mode, "the dynamic cache", "the static one");
        Demand(!(_config.OutputAttentions ?? false) && !(_config.OutputHiddenStates ?? false), mode, "neither outputAttentions nor outputHiddenStates", "them");
    }

    private void Demand(bool holds, string name, string expected, object? actual)
    {
        if (!holds)
            _faults.Add(string.Create(CultureInfo.InvariantCulture, $"{name}: expected {expected}, got {actual}"));
    }

    private static void RefuseUnsupported(GenerationConfig config)
    {
        foreach (var (key, value) in config.AdditionalProperties ?? new Dictionary<string, JsonElement>())
        {
            var text = value.GetRawText();
            if (Refused.TryGetValue(key, out var neutral) && text != "null" && !neutral.Contains(text))
                throw new NotSupportedException($"{key}: this library does not implement {key} = {text}; remove it from the generation configuration");
        }
    }
}
