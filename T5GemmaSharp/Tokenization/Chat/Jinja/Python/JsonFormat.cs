namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>How Python's <c>json.dumps</c> lays out its text.</summary>
/// <param name="Indent">What each level is indented by; null for one line.</param>
/// <param name="ItemSeparator">What stands between items.</param>
/// <param name="KeySeparator">What stands between key and value.</param>
/// <param name="EscapesNonAscii">Whether only ASCII is written.</param>
/// <param name="SortsKeys">Whether keys are sorted.</param>
internal sealed record JsonFormat(string? Indent, string ItemSeparator, string KeySeparator, bool EscapesNonAscii, bool SortsKeys);
