using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

internal static class LiveTensors
{
    /// <summary>The count to compare with, free of garbage that other tests left; the later count must be taken without a collection.</summary>
    public static long Baseline()
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        return Tensor.TotalCount;
    }
}
