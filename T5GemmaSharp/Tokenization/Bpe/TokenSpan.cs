namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>A token with the UTF-16 range of the text that it came from.</summary>
/// <param name="Id">The token's id.</param>
/// <param name="Start">First code unit.</param>
/// <param name="End">One past the last code unit.</param>
internal readonly record struct TokenSpan(int Id, int Start, int End);
