using T5GemmaSharp.Generation.Constraints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>The changes of the scores of one generation, in the reference's order.</summary>
/// <remarks>HF: <c>GenerationMixin._get_logits_processor</c>.</remarks>
internal sealed class LogitsProcessorList
{
    private readonly List<LogitsProcessor> _processors = [];

    /// <summary>Builds the list.</summary>
    /// <param name="settings">The settings.</param>
    /// <param name="controls">The caller's processors and prefix function.</param>
    /// <param name="encoderIds">Source ids [B, S]; null when only embeddings or encoder outputs are known.</param>
    public LogitsProcessorList(GenerationSettings settings, GenerationControls controls, Tensor? encoderIds)
    {
        AddPenalties(settings, encoderIds);
        AddLengths(settings, controls);
        _processors.AddRange(controls.LogitsProcessors.Select(processor => processor is ConstraintProcessor constraint ? constraint.ForBeams(settings.NumBeams) : processor));
        OnlyDraw = _processors.Count == 0 && !settings.RenormalizeLogits && !(settings.DoSample && HasUnusualWarpers(settings));
        if (settings.DoSample)
            AddWarpers(settings);
        AddIf(settings.RenormalizeLogits, () => new RenormalizeProcessor());
    }

    /// <summary>Whether nothing changes the scores.</summary>
    public bool IsEmpty => _processors.Count == 0;

    /// <summary>Whether nothing changes the scores but what the sampler of a device knows: temperature, top-k, top-p and min-p.</summary>
    public bool OnlyDraw { get; }

    /// <summary>Applies all of them.</summary>
    /// <param name="inputIds">Decoder ids so far [rows, length], int64.</param>
    /// <param name="scores">[rows, V], float32; may be changed in place.</param>
    public Tensor Process(Tensor inputIds, Tensor scores) => _processors.Aggregate(scores, (current, processor) => processor.Process(inputIds, current));

    private static bool HasUnusualWarpers(GenerationSettings settings)
        => settings.TopH is not null || settings.TypicalP < 1 || settings.EpsilonCutoff is > 0 and < 1 || settings.EtaCutoff is > 0 and < 1;

    private void AddPenalties(GenerationSettings settings, Tensor? encoderIds)
    {
        AddIf(settings.SequenceBias.Count > 0, () => new SequenceBiasProcessor(settings.SequenceBias));
        if (encoderIds is not null)
            AddIf(settings.EncoderRepetitionPenalty != 1, () => new EncoderRepetitionPenaltyProcessor(settings.EncoderRepetitionPenalty, encoderIds));
        AddIf(settings.RepetitionPenalty != 1, () => new RepetitionPenaltyProcessor(settings.RepetitionPenalty));
        AddIf(settings.NoRepeatNgramSize > 0, () => new NoRepeatNGramProcessor(settings.NoRepeatNgramSize));
        if (encoderIds is not null)
            AddIf(settings.EncoderNoRepeatNgramSize > 0, () => new EncoderNoRepeatNGramProcessor(settings.EncoderNoRepeatNgramSize, encoderIds));
        AddIf(settings.BadWords.Count > 0, () => new SequenceBiasProcessor(settings.BadWords));
    }

    private void AddLengths(GenerationSettings settings, GenerationControls controls)
    {
        var (eos, prompt) = (settings.EosTokenIds, settings.PromptLength);
        AddIf(eos.Count > 0 && settings.MinLength > 0, () => new SuppressTokensProcessor(eos, length => length < settings.MinLength));
        if (controls.PrefixAllowedTokens is { } allowedTokens)
            _processors.Add(new PrefixConstrainedProcessor(allowedTokens, settings.NumBeams));
        if (settings.ForcedBosTokenId is { } bos)
            _processors.Add(new ForcedTokensProcessor([bos], length: 1));
        AddIf(settings.ForcedEosTokenIds.Count > 0, () => new ForcedTokensProcessor(settings.ForcedEosTokenIds, settings.MaxLength - 1));
        AddIf(settings.RemoveInvalidValues, () => new RemoveInvalidValuesProcessor());
        if (settings.ExponentialDecay is { } decay)
            _processors.Add(new ExponentialDecayProcessor(decay.Start + prompt, decay.Factor, eos));
        AddIf(settings.SuppressTokens.Count > 0, () => new SuppressTokensProcessor(settings.SuppressTokens, _ => true));
        var begin = prompt == 1 && settings.ForcedBosTokenId is not null ? prompt + 1 : prompt;
        AddIf(settings.BeginSuppressTokens.Count > 0, () => new SuppressTokensProcessor(settings.BeginSuppressTokens, length => length == begin));
    }

    private void AddWarpers(GenerationSettings settings)
    {
        // Beam sampling draws more candidates than beams, so more tokens must stay possible.
        var keep = settings.NumBeams == 1 ? 1 : settings.EosTokenIds.Count > 0 ? settings.EosTokenIds.Count + 1 : 2;
        AddIf(settings.Temperature != 1, () => new TemperatureWarper(settings.Temperature));
        if (settings.TopH is { } topH)
            _processors.Add(new TopHWarper(topH));
        AddIf(settings.TopK > 0, () => new TopKWarper(Math.Max(settings.TopK, keep)));
        AddIf(settings.TopP < 1, () => new TopPWarper(settings.TopP, keep));
        if (settings.MinP is { } minP)
            _processors.Add(new MinPWarper(minP, keep));
        AddIf(settings.TypicalP < 1, () => new TypicalWarper(settings.TypicalP, keep));
        AddIf(settings.EpsilonCutoff is > 0 and < 1, () => new CutoffWarper(settings.EpsilonCutoff, fallsWithEntropy: false, keep));
        AddIf(settings.EtaCutoff is > 0 and < 1, () => new CutoffWarper(settings.EtaCutoff, fallsWithEntropy: true, keep));
    }

    private void AddIf(bool condition, Func<LogitsProcessor> create)
    {
        if (condition)
            _processors.Add(create());
    }
}
