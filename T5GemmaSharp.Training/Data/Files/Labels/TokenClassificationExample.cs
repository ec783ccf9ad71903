namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>Tokens with a label each.</summary>
/// <param name="InputIds">Ids of the tokens.</param>
/// <param name="Labels">As many class ids; -100 for special tokens, and for all tokens of a word but its first.</param>
public sealed record TokenClassificationExample(int[] InputIds, int[] Labels);
