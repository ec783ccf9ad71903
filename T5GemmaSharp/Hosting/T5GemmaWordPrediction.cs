namespace T5GemmaSharp.Hosting;

/// <summary>What a head predicts of a word.</summary>
/// <param name="Word">The word.</param>
/// <param name="Start">Where it begins in its text, in UTF-16 units.</param>
/// <param name="Label">The likeliest class.</param>
/// <param name="Score">Its probability.</param>
public sealed record T5GemmaWordPrediction(string Word, int Start, string Label, float Score);
