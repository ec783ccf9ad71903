namespace T5GemmaSharp.Interop;

/// <summary>libtorch cannot be loaded; the message says from where, why, and what to do.</summary>
public sealed class TorchNativeException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="message">What failed, where, and what to do.</param>
    /// <param name="innerException">The loader's own error, or null.</param>
    public TorchNativeException(string message, Exception? innerException = null)
        : base(message, innerException)
    {
    }
}
