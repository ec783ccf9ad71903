namespace T5GemmaSharp.Tokenization.Chat;

/// <summary>A rendered conversation, and which of its characters came from contents that are not trusted.</summary>
/// <param name="Text">The text.</param>
/// <param name="PlainRanges">Ranges in which no special token may start or end, in ascending order. Characters that no special token has are left out at their ends.</param>
internal sealed record ChatRendering(string Text, IReadOnlyList<Range> PlainRanges);
