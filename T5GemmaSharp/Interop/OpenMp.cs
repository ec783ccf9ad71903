using System.Runtime.InteropServices;
using TorchSharp;

namespace T5GemmaSharp.Interop;

/// <summary>The OpenMP library that torch's operators on the CPU use.</summary>
internal static unsafe class OpenMp
{
    private static readonly Lazy<nint> Library = new(Find);
    private static readonly Lazy<nint> SetNumThreads = new(() => Export("omp_set_num_threads"));
    private static readonly Lazy<nint> GetMaxThreads = new(() => Export("omp_get_max_threads"));

    /// <summary>
    /// Keeps operators that this thread calls on this thread, until the result is disposed there. OpenMP's threads spin for a while after they have worked, and take the time of
    /// others that are at work. Other threads are not touched, as <see cref="torch.set_num_threads"/> would. Without a known OpenMP library nothing happens.
    /// </summary>
    public static Restriction OneThread()
    {
        if (SetNumThreads.Value == 0 || GetMaxThreads.Value == 0)
            return default;
        var threads = ((delegate* unmanaged[SuppressGCTransition]<int>)GetMaxThreads.Value)();
        Set(1);
        return new Restriction(threads);
    }

    private static void Set(int threads) => ((delegate* unmanaged<int, void>)SetNumThreads.Value)(threads);

    private static nint Export(string name) => Library.Value != 0 && NativeLibrary.TryGetExport(Library.Value, name, out var address) ? address : 0;

    // On Linux a library's handle also finds what the libraries export that it needs.
    private static nint Find()
    {
        TorchNative.EnsureLoaded();
        return NativeLibrary.TryLoad(OperatingSystem.IsWindows() ? "libiomp5md" : "torch_cpu", typeof(torch).Assembly, searchPath: null, out var library) ? library : 0;
    }

    /// <summary>Ends the restriction.</summary>
    public readonly struct Restriction(int threads) : IDisposable
    {
        public void Dispose()
        {
            if (threads > 0)
                Set(threads);
        }
    }
}
