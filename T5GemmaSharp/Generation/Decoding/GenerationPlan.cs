using T5GemmaSharp.Generation.Logits;
using T5GemmaSharp.Generation.Stopping;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Everything a generation starts from, checked. Owns the prompt, and the source if it made it.</summary>
internal sealed class GenerationPlan : IDisposable
{
    private readonly bool _ownsSource;

    public GenerationPlan(EncodedSource source, bool ownsSource, GenerationSettings settings, GenerationControls controls, Tensor prompt, Tensor? promptMask)
    {
        (Source, _ownsSource, Settings, Controls, PromptMask) = (source, ownsSource, settings, controls, promptMask);
        Processors = new LogitsProcessorList(settings, controls, source.InputIds);
        Criteria = new StoppingCriteriaList(settings, controls);
        Prompt.Value = prompt;
    }

    public EncodedSource Source { get; }

    public GenerationSettings Settings { get; }

    public GenerationControls Controls { get; }

    /// <summary>First decoder ids [B, prompt].</summary>
    public TensorSlot Prompt { get; } = new();

    public Tensor? PromptMask { get; }

    public LogitsProcessorList Processors { get; }

    public StoppingCriteriaList Criteria { get; }

    /// <summary>Starts the mode that the settings ask for.</summary>
    public IDecoding Start()
    {
        if (Settings.NumBeams > 1)
            return new BeamSearchDecoding(this);
        if (Controls.AssistantModel is not null || Settings.PromptLookupNumTokens is not null)
            return new AssistedDecoding(this);
        return TokensOnDevice.TryStart(this) ?? (IDecoding)new SampleDecoding(this);
    }

    /// <summary>What every mode returns besides its own.</summary>
    public GenerationOutput Output(Tensor sequences, DecodingRoute route) => new()
    {
        Sequences = sequences,
        Route = route,
        EncoderHiddenStates = Settings.OutputHiddenStates ? Shared(Source.EncoderOutputs.HiddenStates) : null,
        EncoderAttentions = Settings.OutputAttentions ? Shared(Source.EncoderOutputs.Attentions) : null,
    };

    public void Dispose()
    {
        Prompt.Dispose();
        PromptMask?.Dispose();
        if (_ownsSource)
            Source.Dispose();
    }

    // Aliases: the source may live longer, or shorter, than the result.
    private static IReadOnlyList<Tensor>? Shared(IReadOnlyList<Tensor>? tensors) => tensors is null ? null : [.. tensors.Select(tensor => tensor.alias().DetachFromDisposeScope())];
}
