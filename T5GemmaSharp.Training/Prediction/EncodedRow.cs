namespace T5GemmaSharp.Training.Prediction;

/// <summary>A row in ids.</summary>
/// <param name="Row">The row.</param>
/// <param name="InputIds">Its ids.</param>
/// <param name="Words">The words that get a label; empty: the whole text gets one.</param>
internal sealed record EncodedRow(PredictionRow Row, int[] InputIds, IReadOnlyList<EncodedWord> Words);
