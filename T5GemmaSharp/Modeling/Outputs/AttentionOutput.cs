using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling.Outputs;

/// <summary>Result of an attention block, or of an encoder layer around one.</summary>
/// <param name="HiddenStates">New hidden states [B, T, D].</param>
/// <param name="Attentions">Attention probabilities [B, H, T, keys]; null unless asked for.</param>
public sealed record AttentionOutput(Tensor HiddenStates, Tensor? Attentions);
