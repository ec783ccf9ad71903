namespace T5GemmaSharp.Interop.Cuda;

/// <summary>A call of the CUDA driver, or of its compiler NVRTC, failed.</summary>
public sealed class CudaException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, with the name of the error.</param>
    public CudaException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, with the name of the error.</param>
    /// <param name="innerException">The cause.</param>
    public CudaException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
