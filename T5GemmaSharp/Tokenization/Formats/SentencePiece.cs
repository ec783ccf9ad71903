namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>A piece of a SentencePiece model.</summary>
/// <param name="Text">Its text.</param>
/// <param name="Score">Its score: merges that make it are applied in the order of falling scores.</param>
/// <param name="Type">What it is for.</param>
internal sealed record SentencePiece(string Text, float Score, SentencePieceType Type);
