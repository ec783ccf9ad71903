using System.Collections.Concurrent;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>The kernels of training steps on a device. They are compiled at their first use and stay loaded for the life of the process.</summary>
internal sealed class TrainingKernels
{
    private static readonly string[] Sources = ["optimizer", "loss", "attention", "elementwise"];

    private static readonly ConcurrentDictionary<int, Lazy<(TrainingKernels? Kernels, string? Refusal)>> Loaded = [];

    private readonly Dictionary<string, CudaModule> _modules = Sources.ToDictionary(source => source, source => KernelCompiler.Load($"{source}.cu", new Dictionary<string, string>()));
    private readonly ConcurrentDictionary<(string Source, string Name), CudaKernel> _kernels = [];

    private readonly nint _context = CudaDriver.Required.CurrentContext();

    private TrainingKernels()
    {
    }

    /// <summary>The kernels of a device.</summary>
    /// <returns>Null where torch operators have to do; <see cref="Refusal"/> says why.</returns>
    public static TrainingKernels? For(Device device) => device.type == DeviceType.CUDA ? Of(device).Kernels : null;

    /// <summary>Why a device has no kernels; null when it has.</summary>
    public static string? Refusal(Device device) => device.type == DeviceType.CUDA ? Of(device).Refusal : $"{device} is no CUDA device";

    /// <summary>Starts a kernel on the stream of torch.</summary>
    /// <typeparam name="T">The argument's layout, that of the kernel's source.</typeparam>
    /// <param name="source">Its source, without the ending.</param>
    /// <param name="name">Its name.</param>
    /// <param name="device">The device.</param>
    /// <param name="shape">Blocks and threads.</param>
    /// <param name="argument">The argument.</param>
    public void Launch<T>(string source, string name, Device device, in LaunchShape shape, T argument)
        where T : unmanaged
    {
        // Autograd's own thread has no context until an operator of torch needs one.
        if (CudaDriver.Required.CurrentContext() == 0)
            CudaDriver.Required.SetCurrentContext(_context);
        _kernels.GetOrAdd((source, name), key => _modules[key.Source].Kernel(key.Name)).Launch(TorchStream.Current(device), shape, argument);
    }

    private static (TrainingKernels? Kernels, string? Refusal) Of(Device device) => Loaded.GetOrAdd(Math.Max(device.index, 0), _ => new Lazy<(TrainingKernels?, string?)>(() => Load(device))).Value;

    private static (TrainingKernels? Kernels, string? Refusal) Load(Device device)
    {
        if (!TensorMemory.IsAvailable || !TorchStream.IsAvailable)
            return (null, "this libtorch does not tell addresses and streams: 2.10 or newer is needed");
        try
        {
            using var touched = zeros([1], device: device); // gives this thread the context of the device
            return (new TrainingKernels(), null);
        }
        catch (CudaException exception)
        {
            return (null, exception.Message);
        }
    }
}
