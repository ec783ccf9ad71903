using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of <see cref="T5GemmaForTokenClassification"/>. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>TokenClassifierOutput</c>.</remarks>
public sealed record TokenClassifierOutput
{
    /// <summary>Loss, a scalar; null without labels.</summary>
    public Tensor? Loss { get; init; }

    /// <summary>Class scores [B, T, C].</summary>
    public required Tensor Logits { get; init; }

    /// <summary>Hidden states of the decoder, or of the encoder in encoder-only mode; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? HiddenStates { get; init; }

    /// <summary>Attention probabilities of the decoder, or of the encoder in encoder-only mode; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Attentions { get; init; }
}
