using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Stopping;

/// <summary>Ends all rows at a length.</summary>
/// <remarks>HF: <c>MaxLengthCriteria</c>.</remarks>
internal sealed class MaxLengthCriterion(long maxLength) : StoppingCriterion
{
    public override Tensor IsDone(Tensor inputIds)
        => torch.full([inputIds.size(0)], inputIds.size(1) >= maxLength, dtype: ScalarType.Bool, device: inputIds.device);
}
