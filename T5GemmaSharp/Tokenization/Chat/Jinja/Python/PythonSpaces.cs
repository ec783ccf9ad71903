namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>Whitespace as Python sees it.</summary>
internal static class PythonSpaces
{
    /// <summary>Whether Python's <c>str.isspace</c> holds.</summary>
    /// <remarks>.NET's <see cref="char.IsWhiteSpace(char)"/> lacks the four separators U+001C to U+001F.</remarks>
    public static bool IsSpace(char character) => char.IsWhiteSpace(character) || character is >= '\x1C' and <= '\x1F';

    /// <summary>How many whitespace characters a text begins with.</summary>
    public static int LeadingLength(ReadOnlySpan<char> text)
    {
        var length = 0;
        while (length < text.Length && IsSpace(text[length]))
            length++;
        return length;
    }

    /// <summary>Length of a text without the whitespace at its end.</summary>
    public static int TrimmedEnd(ReadOnlySpan<char> text)
    {
        var end = text.Length;
        while (end > 0 && IsSpace(text[end - 1]))
            end--;
        return end;
    }

    /// <summary>A text without whitespace at its ends: Python's <c>str.strip</c>.</summary>
    public static string Strip(string text)
    {
        var end = TrimmedEnd(text);
        var start = Math.Min(end, LeadingLength(text));
        return text[start..end];
    }
}
