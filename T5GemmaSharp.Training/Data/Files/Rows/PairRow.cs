namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>A text and what is to be written for it.</summary>
/// <param name="Input">What the encoder reads.</param>
/// <param name="Target">What the decoder has to write; not empty.</param>
public sealed record PairRow(string Input, string Target);
