using System.Diagnostics;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;

namespace T5GemmaSharp.Training;

/// <summary>What a process holds in memory. Tensors on the CPU are in the resident bytes, those on a GPU are not.</summary>
/// <param name="ManagedBytes">Bytes of .NET's objects, those included that nothing refers to any more.</param>
/// <param name="ResidentBytes">Bytes of the process in the machine's memory.</param>
/// <param name="PeakResidentBytes">The most there were since the process began.</param>
/// <param name="LiveTensors">Tensors of TorchSharp that are not disposed.</param>
public sealed record MemoryUse(long ManagedBytes, long ResidentBytes, long PeakResidentBytes, long LiveTensors)
{
    /// <summary>Bytes of the CUDA device that are held, those of other programs and what torch keeps for later included; null: no device was asked.</summary>
    public long? DeviceUsedBytes { get; init; }

    /// <summary>Bytes of the CUDA device; null: no device was asked.</summary>
    public long? DeviceTotalBytes { get; init; }

    /// <summary>Measures the process, and the memory of its CUDA device.</summary>
    /// <param name="device">Where the tensors are; null: only the process is measured.</param>
    public static MemoryUse Now(torch.Device? device = null) => Now(device?.type == DeviceType.CUDA ? DeviceMemory.Read() : null);

    /// <summary>Measures the process beside what a driver says of a device.</summary>
    internal static MemoryUse Now(DeviceMemory? device)
    {
        using var process = Process.GetCurrentProcess();
        return new MemoryUse(GC.GetTotalMemory(forceFullCollection: false), process.WorkingSet64, process.PeakWorkingSet64, torch.Tensor.TotalCount)
        {
            DeviceUsedBytes = device?.Used,
            DeviceTotalBytes = device?.Total,
        };
    }
}
