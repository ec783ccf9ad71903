namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>The words of a text, each with its label.</summary>
/// <param name="Words">The words; none is empty.</param>
/// <param name="Labels">As many labels: ids, of which -100 means none, or names.</param>
public sealed record TaggedTokensRow(IReadOnlyList<string> Words, IReadOnlyList<RowLabel> Labels);
