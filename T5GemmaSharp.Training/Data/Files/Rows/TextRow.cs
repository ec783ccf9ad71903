namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>A document.</summary>
/// <param name="Text">Its text; may be empty.</param>
public sealed record TextRow(string Text);
