using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Tasks;

/// <summary>What is kept of a layer for the backward pass.</summary>
/// <param name="Input">Its input; a leaf where there is an output.</param>
/// <param name="Output">Its output with its graph; null: the layer is computed again.</param>
internal readonly record struct LayerState(Tensor Input, Tensor? Output = null);
