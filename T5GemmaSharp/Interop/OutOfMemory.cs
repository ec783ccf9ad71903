using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Interop;

/// <summary>Tells errors of libtorch that mean too little memory from others: it has one kind of error for all.</summary>
internal static class OutOfMemory
{
    // Of the CUDA allocator and driver, the CPU allocator on Linux and Windows, and cuBLAS.
    private static readonly string[] Signs = ["out of memory", "allocate memory", "not enough memory", "CUBLAS_STATUS_ALLOC_FAILED"];

    /// <summary>What an exception says, without the stack of native calls that libtorch appends.</summary>
    public static string Cause(Exception exception) => exception.Message.Split('\n')[0].TrimEnd();

    /// <summary>Whether an exception means that memory ran out.</summary>
    public static bool IsIn(Exception exception) => exception is OutOfMemoryException
        || (exception is ExternalException or TorchOperatorException or CudaException && Signs.Any(sign => exception.Message.Contains(sign, StringComparison.OrdinalIgnoreCase)));
}
