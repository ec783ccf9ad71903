namespace T5GemmaSharp.Tokenization;

/// <summary>Ends a text at the first of several stop strings, and holds back only what may be the beginning of one. Not thread-safe.</summary>
/// <remarks>
/// HF: <c>stop_strings</c>, whose output still holds the stop string; here the text ends before it. A stop string may begin and end inside chunks: the result
/// does not depend on how the text is cut into chunks. The stop string that is complete first wins, of several that end together the longest.
/// </remarks>
public sealed class StopStringMatcher
{
    private readonly Pattern[] _patterns;
    private string _held = "";

    /// <summary>Creates a matcher for one text.</summary>
    /// <param name="stopStrings">The stop strings; there may be none.</param>
    /// <exception cref="ArgumentNullException"><paramref name="stopStrings"/> is null.</exception>
    /// <exception cref="ArgumentException">A stop string is null or empty.</exception>
    public StopStringMatcher(IEnumerable<string> stopStrings)
    {
        ArgumentNullException.ThrowIfNull(stopStrings);
        _patterns = [.. stopStrings.Select(text => new Pattern(text))];
    }

    /// <summary>The stop string that ended the text; null while none has.</summary>
    public string? StopString { get; private set; }

    /// <summary>Takes the next chunk of the text.</summary>
    /// <param name="chunk">The chunk.</param>
    /// <returns>Text that is before any stop string for certain. Empty once the text has ended.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="chunk"/> is null.</exception>
    public string Append(string chunk)
    {
        ArgumentNullException.ThrowIfNull(chunk);
        if (StopString is not null)
            return "";
        var text = _held + chunk;
        for (var index = _held.Length; index < text.Length; index++)
        {
            if (Advance(text[index]) is not { } stop)
                continue;
            StopString = stop;
            _held = "";
            return text[..(index + 1 - stop.Length)];
        }

        var safe = text.Length - (_patterns.Length == 0 ? 0 : _patterns.Max(pattern => pattern.Matched));
        _held = text[safe..];
        return text[..safe];
    }

    /// <summary>Ends the text.</summary>
    /// <returns>What was held back and turned out to be no stop string.</returns>
    public string Flush()
    {
        var rest = _held;
        _held = "";
        foreach (var pattern in _patterns)
            pattern.Restart();
        return rest;
    }

    private string? Advance(char character)
    {
        string? stop = null;
        foreach (var pattern in _patterns)
        {
            if (pattern.Advance(character) && !(stop?.Length >= pattern.Text.Length))
                stop = pattern.Text;
        }

        return stop;
    }

    /// <summary>One stop string, and how much of it the end of the text matches (Knuth, Morris and Pratt).</summary>
    private sealed class Pattern
    {
        private readonly int[] _fallback; // of each length: the longest shorter beginning that is also its end

        public Pattern(string text)
        {
            ArgumentException.ThrowIfNullOrEmpty(text, "stopStrings");
            Text = text;
            _fallback = new int[text.Length + 1];
            for (var length = 1; length < text.Length; length++)
                _fallback[length + 1] = Extend(_fallback[length], text[length]);
        }

        public string Text { get; }

        public int Matched { get; private set; }

        public bool Advance(char character)
        {
            Matched = Extend(Matched, character);
            return Matched == Text.Length;
        }

        public void Restart() => Matched = 0;

        private int Extend(int matched, char character)
        {
            while (matched > 0 && (matched == Text.Length || Text[matched] != character))
                matched = _fallback[matched];
            return Text[matched] == character ? matched + 1 : 0;
        }
    }
}
