using T5GemmaSharp.Modeling.Outputs;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>What to generate from: source ids, or a source that the encoder has already read.</summary>
public sealed record GenerationInputs
{
    /// <summary>Source ids [B, S], int64.</summary>
    public Tensor? InputIds { get; init; }

    /// <summary>Which source ids are real, [B, S], non-zero = real. Give it for padded batches: without it cross-attention sees the padding.</summary>
    public Tensor? AttentionMask { get; init; }

    /// <summary>An earlier result of the encoder, which is then not run.</summary>
    public BaseModelOutput? EncoderOutputs { get; init; }

    /// <summary>Start of the results [B, T], int64; the start token is put in front unless a row begins with it. Null: the start token alone.</summary>
    public Tensor? DecoderInputIds { get; init; }
}
