using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Turns scores into log-probabilities.</summary>
/// <remarks>HF: <c>LogitNormalization</c>.</remarks>
internal sealed class RenormalizeProcessor : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores) => nn.functional.log_softmax(scores, dim: -1);
}
