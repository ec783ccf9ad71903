using T5GemmaSharp.Interop;
using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>Makes what the work can do without: where a device, its compiler or its memory refuses, others do the work, and can say why.</summary>
internal static class KernelFallback
{
    /// <summary>Makes something.</summary>
    /// <typeparam name="T">Its type.</typeparam>
    /// <param name="create">Makes it, or refuses with null; when it throws it has freed all it made.</param>
    /// <param name="reason">Why it could not be made; null beside it.</param>
    /// <returns>Null when it is refused, CUDA fails, or memory runs out. Other faults are thrown on.</returns>
    public static T? Try<T>(Func<T?> create, out string? reason)
        where T : class
    {
        try
        {
            reason = null;
            return create();
        }
        catch (CudaException exception)
        {
            reason = exception.Message;
        }
        catch (Exception exception) when (OutOfMemory.IsIn(exception))
        {
            reason = $"too little memory: {OutOfMemory.Cause(exception)}";
        }
        return null;
    }
}
