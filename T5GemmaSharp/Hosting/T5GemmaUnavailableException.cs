namespace T5GemmaSharp.Hosting;

/// <summary>The model takes no requests: it could not be loaded, or the service is stopping. A web service answers with 503.</summary>
public sealed class T5GemmaUnavailableException : InvalidOperationException
{
    /// <summary>Creates the exception without details.</summary>
    public T5GemmaUnavailableException()
        : this("The model takes no requests.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is wrong.</param>
    public T5GemmaUnavailableException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public T5GemmaUnavailableException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
