namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>A chat template is broken, uses what is not supported, exceeds a limit, or refuses the conversation.</summary>
/// <remarks>HF: <c>jinja2.TemplateError</c>. What a template says through <c>raise_exception</c> is the message, letter for letter.</remarks>
public sealed class ChatTemplateException : FormatException
{
    /// <summary>Creates the exception without details.</summary>
    public ChatTemplateException()
        : this("The chat template is not valid.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is wrong.</param>
    public ChatTemplateException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public ChatTemplateException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    private ChatTemplateException(string message, string templateName, int? line)
        : base(message)
    {
        TemplateName = templateName;
        Line = line;
    }

    /// <summary>The template at fault; null when not given.</summary>
    public string? TemplateName { get; }

    /// <summary>The template's line at fault, from 1; null when unknown.</summary>
    public int? Line { get; }

    /// <summary>A fault of the template or of its use, placed in the message.</summary>
    internal static ChatTemplateException At(string templateName, int? line, string problem)
        => new(line is { } number ? $"{templateName}, line {number}: {problem}" : $"{templateName}: {problem}", templateName, line);

    /// <summary>What the template itself said.</summary>
    internal static ChatTemplateException Raised(string templateName, int? line, string message) => new(message, templateName, line);
}
