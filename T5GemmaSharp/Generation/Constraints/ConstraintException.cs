namespace T5GemmaSharp.Generation.Constraints;

/// <summary>A pattern or a schema is broken, asks for something that is not supported, or is too large.</summary>
public sealed class ConstraintException : FormatException
{
    /// <summary>Creates the exception without details.</summary>
    public ConstraintException()
        : this("The constraint is not valid.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is wrong.</param>
    public ConstraintException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public ConstraintException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception for one place of a pattern or schema.</summary>
    /// <param name="location">The place: a position in a pattern, a path such as <c>#/properties/name</c> in a schema, or a path and a position.</param>
    /// <param name="problem">What was expected and what was found.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public ConstraintException(string location, string problem, Exception? innerException = null)
        : base($"{location}: {problem}", innerException)
        => Location = location;

    /// <summary>The place at fault; null when not given.</summary>
    public string? Location { get; }
}
