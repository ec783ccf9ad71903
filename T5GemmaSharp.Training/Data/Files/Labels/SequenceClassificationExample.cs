namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>A text with its label.</summary>
/// <param name="InputIds">Ids of the text, or of both texts one behind the other.</param>
/// <param name="Classes">Ids of its classes: one, or with several labels any number; empty for a number to be predicted.</param>
/// <param name="Value">The number to be predicted; null: there are classes.</param>
public sealed record SequenceClassificationExample(int[] InputIds, int[] Classes, float? Value);
