namespace T5GemmaSharp.Hosting;

/// <summary>What a head predicts of a text.</summary>
/// <param name="Labels">The likeliest class; of a head for any number of classes, those whose probability is above a half; empty where a value is predicted.</param>
/// <param name="Scores">Probability of each class by its id; of a head that predicts values, the values.</param>
public sealed record T5GemmaTextPrediction(IReadOnlyList<string> Labels, IReadOnlyList<float> Scores);
