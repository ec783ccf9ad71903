namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>Where an example's two sequences of integers lie: one behind the other.</summary>
/// <param name="Start">Index of the first integer.</param>
/// <param name="First">Integers of the first sequence.</param>
/// <param name="Second">Integers of the second.</param>
internal readonly record struct StoredExample(long Start, int First, int Second);
