using T5GemmaSharp.Caching;
using T5GemmaSharp.Modeling.Outputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Inputs;

/// <summary>Arguments of the models. Each model reads those that its Hugging Face class has.</summary>
/// <remarks>HF: the arguments of <c>forward</c>; names are theirs in PascalCase.</remarks>
public sealed record T5GemmaInputs
{
    /// <summary>Encoder token ids [B, S], int64.</summary>
    public Tensor? InputIds { get; init; }

    /// <summary>Encoder embeddings [B, S, D] in place of ids, before the multiplication by sqrt(D).</summary>
    public Tensor? InputsEmbeds { get; init; }

    /// <summary>Encoder mask, also the cross-attention mask. Without it the encoder ignores padding but cross-attention does not: give it for padded batches.</summary>
    public AttentionMask? AttentionMask { get; init; }

    /// <summary>Encoder positions [1 or B, S], int64; null: 0 to S - 1.</summary>
    public Tensor? PositionIds { get; init; }

    /// <summary>Decoder token ids [B, T], int64; null: made from labels or inputs where the model does so.</summary>
    public Tensor? DecoderInputIds { get; init; }

    /// <summary>Decoder embeddings [B, T, D] in place of ids, before the multiplication by sqrt(D).</summary>
    public Tensor? DecoderInputsEmbeds { get; init; }

    /// <summary>Decoder self-attention mask over past and present tokens.</summary>
    public AttentionMask? DecoderAttentionMask { get; init; }

    /// <summary>Decoder positions [1 or B, T], int64; null: following the cached tokens.</summary>
    public Tensor? DecoderPositionIds { get; init; }

    /// <summary>An earlier result of the encoder, which is then not run.</summary>
    public BaseModelOutput? EncoderOutputs { get; init; }

    /// <summary>Decoder cache to read and extend.</summary>
    public EncoderDecoderCache? PastKeyValues { get; init; }

    /// <summary>Whether to make a cache in evaluation mode if none is given; null: the configuration's choice.</summary>
    public bool? UseCache { get; init; }

    /// <summary>
    /// Targets: token ids [B, T] with -100 where there is none (language modelling), class ids [B, S] with -100 (token classification), or class ids [B],
    /// values [B] or [B, C] (sequence classification).
    /// </summary>
    public Tensor? Labels { get; init; }

    /// <summary>Divisor of the summed loss, for batches that are parts of a larger one; null: the mean over this call's targets.</summary>
    public double? NumItemsInBatch { get; init; }

    /// <summary>Compute logits for the last this many positions only; 0: for all.</summary>
    public long LogitsToKeep { get; init; }

    /// <summary>Compute logits at these positions of the time axis [N], int64, negative from its end, only; null: as <see cref="LogitsToKeep"/> says.</summary>
    public Tensor? LogitsToKeepIndices { get; init; }

    /// <summary>Whether to return the hidden states of every layer.</summary>
    public bool OutputHiddenStates { get; init; }

    /// <summary>Whether to return the attention probabilities of every layer.</summary>
    public bool OutputAttentions { get; init; }

    /// <summary>The encoder's share of the arguments.</summary>
    internal T5GemmaEncoderInputs ForEncoder() => new()
    {
        InputIds = InputIds,
        InputsEmbeds = InputsEmbeds,
        AttentionMask = AttentionMask,
        PositionIds = PositionIds,
        OutputHiddenStates = OutputHiddenStates,
        OutputAttentions = OutputAttentions,
    };

    /// <summary>The decoder's share of the arguments.</summary>
    /// <param name="encoderHiddenStates">The encoder's last hidden state [B, S, encoder D].</param>
    internal T5GemmaDecoderInputs ForDecoder(Tensor encoderHiddenStates) => new()
    {
        InputIds = DecoderInputIds,
        InputsEmbeds = DecoderInputsEmbeds,
        AttentionMask = DecoderAttentionMask,
        PositionIds = DecoderPositionIds,
        EncoderHiddenStates = encoderHiddenStates,
        EncoderAttentionMask = AttentionMask,
        PastKeyValues = PastKeyValues,
        UseCache = UseCache,
        OutputHiddenStates = OutputHiddenStates,
        OutputAttentions = OutputAttentions,
    };
}
