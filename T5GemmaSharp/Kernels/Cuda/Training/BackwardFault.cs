using System.Runtime.ExceptionServices;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>
/// What went wrong in a backward pass. It runs on a thread of libtorch, through which no exception may pass: the pass goes on without the gradients, and whoever called it, or
/// the next forward pass, throws.
/// </summary>
internal static class BackwardFault
{
    private static ExceptionDispatchInfo? _pending;

    public static void Keep(Exception fault) => Interlocked.CompareExchange(ref _pending, ExceptionDispatchInfo.Capture(fault), null);

    /// <summary>Throws what a backward pass has kept.</summary>
    public static void Rethrow() => Interlocked.Exchange(ref _pending, null)?.Throw();
}
