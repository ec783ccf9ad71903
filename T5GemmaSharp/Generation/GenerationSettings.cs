namespace T5GemmaSharp.Generation;

/// <summary>Settings with every default filled in and checked.</summary>
internal sealed record GenerationSettings
{
    private const long DefaultNewTokens = 20;

    // Settings of transformers that change the result, with the values at which they do not. Anything else must not be ignored silently.
    private static readonly Dictionary<string, string[]> Neutral = new(StringComparer.Ordinal)
    {
        ["do_sample"] = ["false"],
        ["num_beams"] = ["1"],
        ["num_return_sequences"] = ["1"],
        ["min_length"] = ["0"],
        ["repetition_penalty"] = ["1.0", "1"],
        ["encoder_repetition_penalty"] = ["1.0", "1"],
        ["no_repeat_ngram_size"] = ["0"],
        ["encoder_no_repeat_ngram_size"] = ["0"],
        ["bad_words_ids"] = [],
        ["sequence_bias"] = [],
        ["suppress_tokens"] = [],
        ["begin_suppress_tokens"] = [],
        ["forced_bos_token_id"] = [],
        ["forced_eos_token_id"] = [],
        ["exponential_decay_length_penalty"] = [],
        ["guidance_scale"] = ["1.0", "1"],
        ["stop_strings"] = [],
        ["max_time"] = [],
        ["penalty_alpha"] = ["0.0", "0"],
        ["watermarking_config"] = [],
        ["prompt_lookup_num_tokens"] = [],
        ["num_beam_groups"] = ["1"],
        ["force_words_ids"] = [],
        ["dola_layers"] = [],
        ["token_healing"] = ["false"],
        ["remove_invalid_values"] = ["false"],
    };

    internal required long MaxLength { get; init; }

    internal required long MinLength { get; init; }

    internal required long PadTokenId { get; init; }

    internal required IReadOnlyList<long> EosTokenIds { get; init; }

    internal required bool UseCache { get; init; }

    internal required bool OutputScores { get; init; }

    /// <summary>Fills the defaults in.</summary>
    /// <param name="config">The settings.</param>
    /// <param name="promptLength">Tokens before the first new one.</param>
    /// <param name="vocabSize">Size of the decoder's vocabulary; end ids beyond it can never be generated and are left out.</param>
    /// <exception cref="ArgumentException">Settings contradict each other.</exception>
    /// <exception cref="NotSupportedException">A setting is not implemented.</exception>
    internal static GenerationSettings From(GenerationConfig config, long promptLength, long vocabSize)
    {
        RefuseUnsupported(config);
        if (config.MaxNewTokens is < 1)
            throw new ArgumentException($"maxNewTokens: expected at least 1, got {config.MaxNewTokens}", nameof(config));
        if (config.MinNewTokens is < 0)
            throw new ArgumentException($"minNewTokens: expected at least 0, got {config.MinNewTokens}", nameof(config));
        var maxLength = config.MaxNewTokens + promptLength ?? config.MaxLength ?? DefaultNewTokens + promptLength;
        if (promptLength >= maxLength)
            throw new ArgumentException($"maxLength: expected more than the {promptLength} tokens of the decoder's prompt, got {maxLength}", nameof(config));
        var eos = (config.EosTokenId ?? []).Where(id => id >= 0 && id < vocabSize).ToArray();
        var pad = config.PadTokenId ?? (eos.Length > 0 ? eos[0] : 0); // without an end token no row needs padding
        if (eos.Length > 0 && (pad < 0 || pad >= vocabSize))
            throw new ArgumentException($"padTokenId: expected an id from 0 to {vocabSize - 1}, got {pad}", nameof(config));
        return new()
        {
            MaxLength = maxLength,
            MinLength = promptLength + (config.MinNewTokens ?? 0),
            PadTokenId = pad,
            EosTokenIds = eos,
            UseCache = config.UseCache ?? true,
            OutputScores = config.OutputScores ?? false,
        };
    }

    private static void RefuseUnsupported(GenerationConfig config)
    {
        foreach (var (key, value) in config.AdditionalProperties ?? new Dictionary<string, System.Text.Json.JsonElement>())
        {
            var text = value.GetRawText();
            if (Neutral.TryGetValue(key, out var neutral) && text != "null" && !neutral.Contains(text))
                throw new NotSupportedException($"{key}: this version decodes greedily and does not implement {key} = {text}; remove it from the generation configuration");
        }
    }
}
