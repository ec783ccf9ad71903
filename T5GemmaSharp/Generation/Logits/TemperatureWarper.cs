using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Divides the scores.</summary>
/// <remarks>HF: <c>TemperatureLogitsWarper</c>.</remarks>
internal sealed class TemperatureWarper(double temperature) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores) => scores.div_(temperature);
}
