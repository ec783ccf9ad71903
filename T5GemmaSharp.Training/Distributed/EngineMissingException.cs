namespace T5GemmaSharp.Training.Distributed;

/// <summary>There are several ranks, and nothing that joins them; the message says what to install.</summary>
public sealed class EngineMissingException : Exception
{
    /// <summary>Creates the exception without details.</summary>
    public EngineMissingException()
        : this("Nothing joins the ranks.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is missing, and what to install.</param>
    public EngineMissingException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What is missing, and what to install.</param>
    /// <param name="innerException">The cause.</param>
    public EngineMissingException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
