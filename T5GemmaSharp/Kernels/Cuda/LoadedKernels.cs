using System.Collections.Concurrent;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>Kernels that stay loaded for the life of the process, because the next call needs them again. Thread-safe.</summary>
/// <typeparam name="T">What holds the kernels of one compilation.</typeparam>
internal sealed class LoadedKernels<T>
{
    private readonly ConcurrentDictionary<(string Constants, int Device), Lazy<T>> _loaded = [];

    /// <summary>The kernels for compile-time constants and a device, loaded at their first use. A compilation that failed is not tried again; one that memory was too little for is.</summary>
    /// <param name="constants">What they were compiled with.</param>
    /// <param name="device">Index of the device, which is current on this thread.</param>
    /// <param name="load">Compiles and loads them.</param>
    /// <exception cref="CudaException">They cannot be compiled or loaded.</exception>
    public T For(IReadOnlyDictionary<string, string> constants, int device, Func<T> load)
    {
        var key = (KernelCompiler.Describe(constants), Math.Max(device, 0));
        var entry = _loaded.GetOrAdd(key, _ => new Lazy<T>(load));
        try
        {
            return entry.Value;
        }
        catch (CudaException exception) when (OutOfMemory.IsIn(exception))
        {
            _loaded.TryRemove(new(key, entry));
            throw;
        }
    }
}
