using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Interop;

/// <summary>What the machine says about CUDA: enough to explain why torch cannot use it.</summary>
internal sealed record CudaDiagnosis
{
    private const int Success = 0;
    private const int NoDevice = 100;
    private const int DriverMismatch = 803;

    /// <summary>Whether libtorch's CUDA part is loaded.</summary>
    public required bool HasCudaLibrary { get; init; }

    /// <summary>Folder of libtorch, or null when unknown.</summary>
    public required string? LibtorchFolder { get; init; }

    /// <summary>Whether the driver's library could be loaded.</summary>
    public bool HasDriver { get; init; }

    /// <summary>Result of <c>cuInit</c>.</summary>
    public int InitResult { get; init; }

    /// <summary>Number of visible devices.</summary>
    public int DeviceCount { get; init; }

    /// <summary>Newest CUDA version that the driver supports, as 1000 major + 10 minor; 0 when unknown.</summary>
    public int DriverVersion { get; init; }

    /// <summary>CUDA version of libtorch, as 1000 major + 10 minor; 0 when unknown.</summary>
    public int RuntimeVersion { get; init; }

    private static string RuntimeLibrary => OperatingSystem.IsWindows() ? "cudart64" : "libcudart";

    /// <summary>Asks the driver.</summary>
    public static CudaDiagnosis Probe(TorchNativeInfo libtorch)
    {
        var diagnosis = new CudaDiagnosis { HasCudaLibrary = libtorch.HasCuda, LibtorchFolder = libtorch.Folder };
        if (!NativeLibrary.TryLoad(CudaDriver.LibraryName, out var driver))
            return diagnosis;
        var init = Call(driver, "cuInit", argument: 0);
        return diagnosis with
        {
            HasDriver = true,
            InitResult = init,
            DeviceCount = init == Success ? Read(driver, "cuDeviceGetCount") : 0,
            DriverVersion = Read(driver, "cuDriverGetVersion"),
            RuntimeVersion = LoadedLibraries.Find(RuntimeLibrary) is { } path && NativeLibrary.TryLoad(path, out var runtime) ? Read(runtime, "cudaRuntimeGetVersion") : 0,
        };
    }

    /// <summary>The first missing part, and what to do.</summary>
    public string Explain()
    {
        if (OperatingSystem.IsMacOS())
            return "CUDA does not exist on macOS. Use the CPU.";
        if (!HasCudaLibrary)
            return $"CUDA is not available: libtorch in '{LibtorchFolder}' is a CPU build. Build with -p:TorchBackend=cuda, or with TorchBackend=none and {TorchNative.FolderVariable} naming the folder of a CUDA build.";
        if (!HasDriver)
            return $"CUDA is not available: the NVIDIA driver's {CudaDriver.LibraryName} was not found. Install the driver, or start the container with access to the GPU (docker run --gpus all).";
        if (InitResult == NoDevice || (InitResult == Success && DeviceCount == 0))
            return $"CUDA is not available: the NVIDIA driver is present, but shows no device. {VisibleDevices()}";
        if (InitResult == DriverMismatch)
            return "CUDA is not available: the NVIDIA driver's library and kernel module are of different versions (error 803). Restart after the driver's update, or use a matching container.";
        if (InitResult != Success)
            return $"CUDA is not available: the NVIDIA driver does not start (cuInit returned {InitResult}). nvidia-smi may tell more.";
        if (RuntimeVersion > 0 && DriverVersion > 0 && DriverVersion / 1000 < RuntimeVersion / 1000)
            return $"CUDA is not available: the NVIDIA driver supports CUDA {Format(DriverVersion)}, libtorch needs {Format(RuntimeVersion)}. Update the driver.";
        return $"CUDA is not available, although libtorch has CUDA and the NVIDIA driver (CUDA {Format(DriverVersion)}) shows {DeviceCount} device(s). libtorch's warning on standard error may tell more.";
    }

    /// <summary>A sentence on <c>CUDA_VISIBLE_DEVICES</c>.</summary>
    public static string VisibleDevices() => Environment.GetEnvironmentVariable("CUDA_VISIBLE_DEVICES") is { } visible
        ? $"CUDA_VISIBLE_DEVICES is '{visible}'."
        : "CUDA_VISIBLE_DEVICES is not set.";

    private static string Format(int version) => $"{version / 1000}.{version % 1000 / 10}";

    private static unsafe int Call(nint library, string name, uint argument)
        => NativeLibrary.TryGetExport(library, name, out var function) ? ((delegate* unmanaged<uint, int>)function)(argument) : -1;

    private static unsafe int Read(nint library, string name)
    {
        var value = 0;
        return NativeLibrary.TryGetExport(library, name, out var function) && ((delegate* unmanaged<int*, int>)function)(&value) == Success ? value : 0;
    }
}
