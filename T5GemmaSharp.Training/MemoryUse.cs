using System.Diagnostics;
using TorchSharp;

namespace T5GemmaSharp.Training;

/// <summary>What a process holds in memory. Tensors on the CPU are in the resident bytes, those on a GPU are not.</summary>
/// <param name="ManagedBytes">Bytes of .NET's objects, those included that nothing refers to any more.</param>
/// <param name="ResidentBytes">Bytes of the process in the machine's memory.</param>
/// <param name="PeakResidentBytes">The most there were since the process began.</param>
/// <param name="LiveTensors">Tensors of TorchSharp that are not disposed.</param>
public sealed record MemoryUse(long ManagedBytes, long ResidentBytes, long PeakResidentBytes, long LiveTensors)
{
    /// <summary>Measures the process.</summary>
    public static MemoryUse Now()
    {
        using var process = Process.GetCurrentProcess();
        return new MemoryUse(GC.GetTotalMemory(forceFullCollection: false), process.WorkingSet64, process.PeakWorkingSet64, torch.Tensor.TotalCount);
    }
}
