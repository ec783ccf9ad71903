namespace T5GemmaSharp.Training.Distributed;

/// <summary>Ranks can no longer work together: one has ended, does not answer, or has come to other weights.</summary>
public sealed class PeerLostException : Exception
{
    /// <summary>Creates the exception without details.</summary>
    public PeerLostException()
        : this("Another rank was lost.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What was waited for, and how long.</param>
    public PeerLostException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What was waited for, and how long.</param>
    /// <param name="innerException">The cause.</param>
    public PeerLostException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
