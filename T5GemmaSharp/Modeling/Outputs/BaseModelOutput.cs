using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of the encoder. Its tensors belong to the caller's dispose scope.</summary>
/// <remarks>HF: <c>BaseModelOutput</c>.</remarks>
public sealed record BaseModelOutput
{
    /// <summary>Hidden states after the final norm [B, S, D].</summary>
    public required Tensor LastHiddenState { get; init; }

    /// <summary>Input of every layer and, last, <see cref="LastHiddenState"/>; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? HiddenStates { get; init; }

    /// <summary>Attention probabilities [B, H, S, S] of every layer; null unless asked for.</summary>
    public IReadOnlyList<Tensor>? Attentions { get; init; }
}
