using TorchSharp;

namespace T5GemmaSharp.Tests.Support;

internal static class LiveTensors
{
    /// <summary>
    /// Tensors made on this thread and not disposed. Unlike torch's total count it does not fall when the garbage collector finds what an earlier test left.
    /// </summary>
    public static long Count => DisposeScopeManager.Statistics.ThreadTotalLiveCount;
}
