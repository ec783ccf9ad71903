using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of <see cref="T5GemmaForSequenceClassification"/>. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>SequenceClassifierOutput</c>.</remarks>
public sealed record SequenceClassifierOutput
{
    /// <summary>Loss, a scalar; null without labels.</summary>
    public Tensor? Loss { get; init; }

    /// <summary>Class scores [B, C], one row a sequence.</summary>
    public required Tensor Logits { get; init; }

    /// <summary>Hidden states of the decoder, or of the encoder in encoder-only mode; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? HiddenStates { get; init; }

    /// <summary>Attention probabilities of the decoder, or of the encoder in encoder-only mode; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Attentions { get; init; }
}
