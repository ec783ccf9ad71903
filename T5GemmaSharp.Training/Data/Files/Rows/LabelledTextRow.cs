namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>A text, or a pair of texts, and its label.</summary>
/// <param name="Text">The text, or the first of two.</param>
/// <param name="SecondText">The second text; null: there is one only.</param>
/// <param name="Label">The label.</param>
public sealed record LabelledTextRow(string Text, string? SecondText, RowLabel Label);
