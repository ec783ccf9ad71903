namespace T5GemmaSharp.Training.Generation;

/// <summary>A text that is written while it grows. The parts are together what <see cref="AnswerWriting"/> makes of the whole.</summary>
/// <param name="format">How it is written: as it is or on one line.</param>
internal sealed class GrowingText(AnswerFormat format)
{
    private string _spaces = ""; // outer ones, if nothing follows
    private bool _hasBegun;

    /// <summary>Adds a piece.</summary>
    /// <returns>What can be written now.</returns>
    public string Append(string piece)
    {
        var text = _spaces + piece;
        var ready = text.TrimEnd();
        _spaces = text[ready.Length..];
        if (!_hasBegun)
            ready = ready.TrimStart();
        _hasBegun |= ready.Length > 0;
        return format == AnswerFormat.Line ? ready.ReplaceLineEndings(" ") : ready;
    }
}
