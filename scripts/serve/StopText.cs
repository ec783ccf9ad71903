using System.Text;

namespace T5GemmaSharp.Serve;

/// <summary>
/// Cuts an answer before the first stop text, which OpenAI's clients do not expect in it, unlike transformers'. In a stream the end of a text that may become a stop text is held back.
/// </summary>
internal sealed class StopText(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop text was found; nothing follows it.</summary>
    public bool IsFound { get; private set; }

    /// <summary>Adds to the answer and returns what may be shown.</summary>
    public string Add(string text)
    {
        if (stops.Count == 0)
            return text;
        if (IsFound || text.Length == 0)
            return "";
        var all = _held.Append(text).ToString();
        _held.Clear();
        var first = stops.Select(stop => all.IndexOf(stop, StringComparison.Ordinal)).Where(index => index >= 0).DefaultIfEmpty(-1).Min();
        if (first >= 0)
        {
            IsFound = true;
            return all[..first];
        }

        var held = stops.Max(stop => Overlap(all, stop));
        _held.Append(all, all.Length - held, held);
        return all[..^held];
    }

    /// <summary>What was held back when the answer is over.</summary>
    public string End()
    {
        var rest = _held.ToString();
        _held.Clear();
        return rest;
    }

    // Length of the longest end of the text that a stop text begins with.
    private static int Overlap(string text, string stop)
    {
        for (var length = Math.Min(text.Length, stop.Length - 1); length > 0; length--)
        {
            if (text.AsSpan(text.Length - length).SequenceEqual(stop.AsSpan(0, length)))
                return length;
        }

        return 0;
    }
}
