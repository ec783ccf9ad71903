namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>A text marked as safe. Python's <c>Markup</c> escapes what is added to it; here such a text can only be written or joined.</summary>
/// <param name="Value">The text.</param>
internal sealed record SafeText(string Value);
