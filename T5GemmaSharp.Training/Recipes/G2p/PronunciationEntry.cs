namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>A word and its pronunciations.</summary>
/// <param name="Word">The word, in lower case.</param>
/// <param name="Pronunciations">At least one; phonemes without stress, parted by spaces, none twice.</param>
public sealed record PronunciationEntry(string Word, IReadOnlyList<string> Pronunciations);
