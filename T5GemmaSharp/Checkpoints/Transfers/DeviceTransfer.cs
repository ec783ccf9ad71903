using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels;
using T5GemmaSharp.Kernels.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>Fills tensors on a CUDA device as fast as the bus allows: several threads read, each from another place, while copies of what they have read are under way.</summary>
internal static class DeviceTransfer
{
    /// <summary>Environment variable that turns this way off where it is 0.</summary>
    public const string Variable = "T5GEMMA_DEVICE_TRANSFER";

    private const int BufferSizeInBytes = 8 << 20;
    private const int MostReaders = 8;

    /// <summary>Whether the environment lets it be used.</summary>
    public static bool IsAllowed => Environment.GetEnvironmentVariable(Variable) != "0";

    /// <summary>Fills tensors.</summary>
    /// <param name="items">Contiguous tensors on CUDA devices.</param>
    /// <param name="reason">Why they could not be filled this way; null: they are.</param>
    /// <returns>Whether they are filled. Faults of the files are thrown.</returns>
    public static bool TryFill(IReadOnlyList<TransferItem> items, out string? reason)
    {
        reason = items.Count == 0 ? null : Refuse(items);
        if (reason is not null)
            return false;
        return KernelFallback.Try(() => Fill(items), out reason) is not null;
    }

    private static IReadOnlyList<TransferItem> Fill(IReadOnlyList<TransferItem> items)
    {
        if (items.Count == 0)
            return items;
        var device = items[0].Target.device;
        cuda.synchronize(device); // what torch still does to the tensors comes first; and the device is this thread's from now on
        var context = CudaDriver.Required.CurrentContext();
        var chunks = TransferChunk.Plan([.. items.Select(item => item.Part)], BufferSizeInBytes);
        var readers = Math.Clamp(Environment.ProcessorCount / 2, 1, MostReaders);
        StagedTransfer.Run(
            chunks,
            readers,
            (chunk, buffer) => items[chunk.Part].File.ReadBytes(items[chunk.Part].Entry, chunk.OffsetInPart, buffer),
            () => new CudaStagedCopier(context, items, BufferSizeInBytes));
        cuda.synchronize(device);
        return items;
    }

    private static string? Refuse(IReadOnlyList<TransferItem> items)
    {
        if (CudaDriver.Instance is null)
            return $"{CudaDriver.LibraryName} was not found, or is older than CUDA 11.8";
        if (!TensorMemory.IsAvailable || !TorchStream.IsAvailable)
            return "this libtorch does not tell addresses and streams: 2.10 or newer is needed";
        return items.Select(item => Math.Max(item.Target.device.index, 0)).Distinct().Count() > 1 ? "the tensors are on several devices" : null;
    }
}
