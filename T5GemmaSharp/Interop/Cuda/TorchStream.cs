using System.Runtime.InteropServices;
using TorchSharp;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>The stream on which torch works: launches on it come in order with torch's operators.</summary>
internal static unsafe class TorchStream
{
    private static readonly Lazy<nint> Getter = new(() =>
        NativeLibrary.TryLoad("torch_cuda", typeof(torch).Assembly, searchPath: null, out var library)
        && NativeLibrary.TryGetExport(library, "aoti_torch_get_current_cuda_stream", out var function) ? function : 0);

    /// <summary>Whether torch tells its stream.</summary>
    public static bool IsAvailable => Getter.Value != 0;

    /// <summary>The calling thread's stream of a device.</summary>
    /// <param name="device">A CUDA device.</param>
    /// <exception cref="CudaException">libtorch has no CUDA part, or is too old to tell.</exception>
    public static nint Current(torch.Device device)
    {
        nint stream = 0;
        var code = IsAvailable ? ((delegate* unmanaged<int, nint*, int>)Getter.Value)(Math.Max(device.index, 0), &stream) : -1;
        return code == 0 ? stream : throw new CudaException($"torch does not tell its stream of device {device}: libtorch 2.10 or newer with CUDA is needed.");
    }
}
