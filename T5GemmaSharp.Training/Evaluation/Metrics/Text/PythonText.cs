namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>Python's rules for letters and blanks, where those of .NET differ and the reference tools depend on them.</summary>
internal static class PythonText
{
    /// <summary>The characters for which <c>str.isspace()</c> holds: those of .NET and the four information separators.</summary>
    private static readonly char[] Blanks =
    [
        .. Enumerable.Range(char.MinValue, char.MaxValue + 1).Select(code => (char)code).Where(character => char.IsWhiteSpace(character) || character is >= '\x1C' and <= '\x1F'),
    ];

    /// <summary>What <c>str.lower()</c> gives, apart from a final sigma.</summary>
    /// <remarks>The capital I with a dot becomes an i and a combining dot in Python, and stays itself in .NET's invariant culture.</remarks>
    public static string Lower(string text) => text.Replace("\u0130", "i\u0307", StringComparison.Ordinal).ToLowerInvariant();

    /// <summary>What <c>str.split()</c> gives: the runs between blanks, none of them empty.</summary>
    public static string[] Split(string text) => text.Split(Blanks, StringSplitOptions.RemoveEmptyEntries);

    /// <summary>What <c>str.rstrip()</c> gives.</summary>
    public static string TrimEnd(string text) => text.TrimEnd(Blanks);
}
