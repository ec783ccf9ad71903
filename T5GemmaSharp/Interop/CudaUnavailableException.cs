namespace T5GemmaSharp.Interop;

/// <summary>CUDA was asked for and is not available; the message says which part is missing and what to do.</summary>
public sealed class CudaUnavailableException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">Which part is missing, and what to do.</param>
    public CudaUnavailableException(string message)
        : base(message)
    {
    }
}
