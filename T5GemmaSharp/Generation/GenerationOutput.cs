using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>Result of a generation. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>GenerateEncoderDecoderOutput</c>.</remarks>
public sealed record GenerationOutput
{
    /// <summary>Ids [B, length], int64: start token, prompt, new tokens, padding.</summary>
    public required Tensor Sequences { get; init; }

    /// <summary>Scores [B, V] of every step, float32, after processing; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Scores { get; init; }
}
