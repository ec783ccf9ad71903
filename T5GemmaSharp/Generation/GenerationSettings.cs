namespace T5GemmaSharp.Generation;

/// <summary>Settings with every default filled in, checked by <see cref="GenerationSettingsResolver"/>. Names as in <see cref="GenerationConfig"/>.</summary>
internal sealed record GenerationSettings
{
    /// <summary>Tokens before the first new one.</summary>
    public required long PromptLength { get; init; }

    public required long MaxLength { get; init; }

    public required long MinLength { get; init; }

    public required TimeSpan? MaxTime { get; init; }

    public required IReadOnlyList<string> StopStrings { get; init; }

    public required long? PadTokenId { get; init; }

    /// <summary>End ids within the vocabulary.</summary>
    public required IReadOnlyList<long> EosTokenIds { get; init; }

    public required bool UseCache { get; init; }

    public required bool UseStaticCache { get; init; }

    public required bool DoSample { get; init; }

    public required int NumBeams { get; init; }

    public required int NumReturnSequences { get; init; }

    public required EarlyStopping EarlyStopping { get; init; }

    public required double LengthPenalty { get; init; }

    public required int? PromptLookupNumTokens { get; init; }

    public required int MaxMatchingNgramSize { get; init; }

    public required int NumAssistantTokens { get; init; }

    public required bool AdaptsAssistantTokens { get; init; }

    public required double AssistantConfidenceThreshold { get; init; }

    public required double Temperature { get; init; }

    public required int TopK { get; init; }

    public required double TopP { get; init; }

    public required double? MinP { get; init; }

    public required double? TopH { get; init; }

    public required double TypicalP { get; init; }

    public required double EpsilonCutoff { get; init; }

    public required double EtaCutoff { get; init; }

    public required double RepetitionPenalty { get; init; }

    public required double EncoderRepetitionPenalty { get; init; }

    public required int NoRepeatNgramSize { get; init; }

    public required int EncoderNoRepeatNgramSize { get; init; }

    /// <summary>The sequences of <c>bad_words_ids</c> as biases of negative infinity; single end ids are no bad words.</summary>
    public required IReadOnlyList<SequenceBias> BadWords { get; init; }

    public required IReadOnlyList<SequenceBias> SequenceBias { get; init; }

    public required IReadOnlyList<long> SuppressTokens { get; init; }

    public required IReadOnlyList<long> BeginSuppressTokens { get; init; }

    public required long? ForcedBosTokenId { get; init; }

    public required IReadOnlyList<long> ForcedEosTokenIds { get; init; }

    public required ExponentialDecayLengthPenalty? ExponentialDecay { get; init; }

    public required bool RemoveInvalidValues { get; init; }

    public required bool RenormalizeLogits { get; init; }

    public required bool OutputScores { get; init; }

    public required bool OutputLogits { get; init; }

    public required bool OutputAttentions { get; init; }

    public required bool OutputHiddenStates { get; init; }
}
