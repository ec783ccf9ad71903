namespace T5GemmaSharp.Training;

/// <summary>Memory ran out in a training step. Checkpoints that were written before are whole.</summary>
public sealed class TrainingMemoryException : Exception
{
    /// <summary>Creates the exception without details.</summary>
    public TrainingMemoryException()
        : this("Memory ran out.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">Where it ran out, and what takes less.</param>
    public TrainingMemoryException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">Where it ran out, and what takes less.</param>
    /// <param name="innerException">The error of libtorch.</param>
    public TrainingMemoryException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
