namespace T5GemmaSharp.Tokenization;

/// <summary>A tokenizer file is broken, or asks for something other than Gemma's byte-fallback BPE.</summary>
public sealed class TokenizerFormatException : FormatException
{
    /// <summary>Creates the exception without details.</summary>
    public TokenizerFormatException()
        : this("The tokenizer file is not valid.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is wrong.</param>
    public TokenizerFormatException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public TokenizerFormatException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception for one field of one file.</summary>
    /// <param name="file">The file, as the caller named it.</param>
    /// <param name="field">The field, written as a path such as <c>model.byte_fallback</c>.</param>
    /// <param name="problem">What was expected and what was found.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public TokenizerFormatException(string file, string field, string problem, Exception? innerException = null)
        : base($"{file}: {field}: {problem}", innerException)
    {
        File = file;
        Field = field;
    }

    /// <summary>The file at fault; null when not given.</summary>
    public string? File { get; }

    /// <summary>The field at fault; null when not given.</summary>
    public string? Field { get; }
}
