namespace T5GemmaSharp.Training;

/// <summary>Training cannot go on: the loss or the gradients are no longer finite.</summary>
public sealed class TrainingDivergedException : Exception
{
    /// <summary>Creates the exception without details.</summary>
    public TrainingDivergedException()
        : this("Training diverged.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">Where and how it diverged.</param>
    public TrainingDivergedException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">Where and how it diverged.</param>
    /// <param name="innerException">The cause.</param>
    public TrainingDivergedException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }
}
