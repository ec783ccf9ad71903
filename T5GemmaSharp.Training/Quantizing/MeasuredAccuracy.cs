namespace T5GemmaSharp.Training.Quantizing;

/// <summary>How good a model is.</summary>
/// <param name="Values">Numbers by name.</param>
/// <param name="Answers">The ids of its greedy answers.</param>
internal sealed record MeasuredAccuracy(IReadOnlyDictionary<string, double> Values, IReadOnlyList<int[]> Answers);
