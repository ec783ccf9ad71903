using System.Runtime.InteropServices;
using TorchSharp;

namespace T5GemmaSharp.Interop;

/// <summary>Loads libtorch and TorchSharp's native library, and says what was loaded and why CUDA is not available.</summary>
/// <remarks>
/// libtorch comes from the application (a <c>libtorch-cpu-*</c> or <c>TorchSharp-cuda-*</c> package) or from the folder that
/// <see cref="FolderVariable"/> names, for example that of Python's PyTorch; never from both.
/// </remarks>
public static class TorchNative
{
    /// <summary>Environment variable with the folder of libtorch, for applications built with <c>TorchBackend=none</c>.</summary>
    public const string FolderVariable = "T5GEMMA_LIBTORCH";

    private static readonly Lazy<LibtorchLoader> Loader = new(() => new LibtorchLoader(Environment.GetEnvironmentVariable(FolderVariable)));

    private static readonly Lazy<bool> Loaded = new(() => Load(Loader.Value));

    /// <summary>
    /// Prepares loading; call it before any use of torch. <c>build/TorchBackend.props</c> does so by a module initializer.
    /// It loads nothing yet, unless <see cref="FolderVariable"/> is set. Further calls do nothing, or raise the first call's exception again.
    /// </summary>
    /// <exception cref="TorchNativeException">
    /// <see cref="FolderVariable"/> names a folder without a usable libtorch, or the application brings its own libtorch as well.
    /// </exception>
    public static void Install() => _ = Loader.Value;

    /// <summary>Loads libtorch now, so that a fault shows here and not at the first tensor.</summary>
    /// <exception cref="TorchNativeException">As for <see cref="Install"/>; or no libtorch was found, or it cannot be loaded.</exception>
    public static void EnsureLoaded() => _ = Loaded.Value;

    /// <summary>What is loaded. Loads nothing itself.</summary>
    /// <exception cref="TorchNativeException">As for <see cref="Install"/>.</exception>
    public static TorchNativeInfo Describe()
    {
        var loader = Loader.Value;
        var main = LoadedLibraries.Find(LibtorchFolder.FileName("torch_cpu")) ?? (Loaded.IsValueCreated ? loader.Folder?.MainLibrary : null);
        return new TorchNativeInfo
        {
            Origin = main is null ? LibtorchOrigin.NotLoaded : loader.Folder?.Origin ?? LibtorchOrigin.Application,
            Folder = Path.GetDirectoryName(main),
            Version = main is null ? null : ReadVersion(main),
            ExpectedVersion = Version.Parse(torch.__version__),
            HasCuda = LoadedLibraries.Find(LibtorchFolder.FileName("torch_cuda")) is not null,
            Cure = loader.Cure,
        };
    }

    /// <summary>Why CUDA is not available, in one sentence that says what to do; null when it is.</summary>
    /// <exception cref="TorchNativeException">As for <see cref="EnsureLoaded"/>.</exception>
    public static string? ExplainCudaUnavailable()
    {
        EnsureLoaded();
        return torch.cuda.is_available() ? null : CudaDiagnosis.Probe(Describe()).Explain();
    }

    /// <summary>Checks that a CUDA device can be used.</summary>
    /// <param name="deviceIndex">Index of the device among the visible ones.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="deviceIndex"/> is negative.</exception>
    /// <exception cref="CudaUnavailableException">CUDA is not available, or has no device of that index.</exception>
    /// <exception cref="TorchNativeException">As for <see cref="EnsureLoaded"/>.</exception>
    public static void RequireCuda(int deviceIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(deviceIndex);
        if (ExplainCudaUnavailable() is { } reason)
            throw new CudaUnavailableException(reason);
        var count = torch.cuda.device_count();
        if (deviceIndex >= count)
            throw new CudaUnavailableException($"CUDA device {deviceIndex} was asked for, but the visible devices are 0 to {count - 1}. {CudaDiagnosis.VisibleDevices()}");
    }

    private static bool Load(LibtorchLoader loader)
    {
        // TorchSharp's own loading copies half a gigabyte from the package cache after a failure, and hides its cause; so try first.
        // The order is TorchSharp's.
        NativeLibrary.TryLoad("torch_cpu", typeof(torch).Assembly, searchPath: null, out _);
        if (!NativeLibrary.TryLoad("LibTorchSharp", typeof(torch).Assembly, searchPath: null, out _))
            throw new TorchNativeException(loader.Folder is null ? NotFoundMessage() : $"TorchSharp's native library cannot be loaded; libtorch is in '{loader.Folder.Path}'.");
        torch.InitializeDeviceType(DeviceType.CPU);
        return true;
    }

    private static string NotFoundMessage()
        => $"No libtorch: '{AppContext.BaseDirectory}' has no {LibtorchFolder.FileName("torch_cpu")}, and {FolderVariable} is not set. "
            + $"Build with -p:TorchBackend=cpu or cuda, or set {FolderVariable} to the folder of libtorch (of Python's PyTorch: site-packages/torch/lib).";

    private static Version? ReadVersion(string mainLibrary)
    {
        if (!NativeLibrary.TryLoad(mainLibrary, out var handle) || !NativeLibrary.TryGetExport(handle, "aoti_torch_abi_version", out var function))
            return null;
        ulong version;
        unsafe
        {
            version = ((delegate* unmanaged<ulong>)function)();
        }
        return new Version((int)(version >> 56), (int)(version >> 48 & 0xFF), (int)(version >> 40 & 0xFF));
    }
}
