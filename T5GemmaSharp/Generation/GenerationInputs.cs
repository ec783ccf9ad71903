using T5GemmaSharp.Modeling.Outputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>What to generate from: source ids or embeddings, or a source that the encoder has already read.</summary>
public sealed record GenerationInputs
{
    /// <summary>Source ids [B, S], int64.</summary>
    public Tensor? InputIds { get; init; }

    /// <summary>Source embeddings [B, S, D] in place of ids, before the multiplication by sqrt(D). Settings that look at the source's ids have no effect then.</summary>
    public Tensor? InputsEmbeds { get; init; }

    /// <summary>Which source tokens are real, [B, S], non-zero = real. Give it for padded batches: without it cross-attention sees the padding.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>An earlier result of the encoder, which is then not run. <see cref="InputIds"/> may stand beside it, for settings that look at the source's ids.</summary>
    public BaseModelOutput? EncoderOutputs { get; init; }

    /// <summary>A source that <see cref="T5GemmaForConditionalGeneration.Encode"/> has read; it brings its own ids and mask. It stays the caller's.</summary>
    public EncodedSource? Source { get; init; }

    /// <summary>Start of the results [B, T], int64; the start token is put in front unless a row begins with it. Null: the start token alone.</summary>
    public Tensor? DecoderInputIds { get; init; }

    /// <summary>Which ids of <see cref="DecoderInputIds"/> are real, [B, T]; new tokens are. Null: all.</summary>
    public Tensor? DecoderAttentionMask { get; init; }
}
