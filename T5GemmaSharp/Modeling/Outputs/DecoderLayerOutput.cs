using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of a decoder layer.</summary>
/// <param name="HiddenStates">New hidden states [B, T, D].</param>
/// <param name="Attentions">Self-attention probabilities [B, H, T, keys]; null unless asked for.</param>
/// <param name="CrossAttentions">Cross-attention probabilities [B, H, T, S]; null unless asked for.</param>
public sealed record DecoderLayerOutput(Tensor HiddenStates, Tensor? Attentions, Tensor? CrossAttentions);
