using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Stopping;

/// <summary>Ends all rows after a time, counted from the beginning of the generation.</summary>
/// <remarks>HF: <c>MaxTimeCriteria</c>.</remarks>
internal sealed class MaxTimeCriterion(TimeSpan maxTime) : StoppingCriterion
{
    private readonly long _start = Stopwatch.GetTimestamp();

    public override Tensor IsDone(Tensor inputIds)
        => torch.full([inputIds.size(0)], Stopwatch.GetElapsedTime(_start) > maxTime, dtype: ScalarType.Bool, device: inputIds.device);
}
