namespace T5GemmaSharp.Training.Prediction;

/// <summary>A word of a row.</summary>
/// <param name="Text">The word.</param>
/// <param name="Start">Where it begins in the row's text, in UTF-16 units; 0 where the row has words.</param>
/// <param name="Token">The token that carries its label; null: it was cut off.</param>
internal sealed record EncodedWord(string Text, int Start, int? Token);
