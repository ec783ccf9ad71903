using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Replaces scores that are no numbers or infinite.</summary>
/// <remarks>HF: <c>InfNanRemoveLogitsProcessor</c>.</remarks>
internal sealed class RemoveInvalidValuesProcessor : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores) => scores.nan_to_num(nan: 0, posinf: float.MaxValue, neginf: float.MinValue);
}
