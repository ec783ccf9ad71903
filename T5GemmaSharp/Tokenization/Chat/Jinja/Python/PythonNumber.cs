namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>An int, a bool counted as one, or a float.</summary>
/// <param name="Integer">The value of an int; 0 for a float.</param>
/// <param name="Real">The value of a float; null for an int.</param>
internal readonly record struct PythonNumber(long Integer, double? Real)
{
    /// <summary>The value as a float.</summary>
    public double AsReal => Real ?? Integer;
}
