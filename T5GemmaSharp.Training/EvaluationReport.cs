namespace T5GemmaSharp.Training;

/// <summary>Quality on examples that were not trained on.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Values">Numbers by name, <c>loss</c> among them.</param>
public sealed record EvaluationReport(int Step, IReadOnlyDictionary<string, double> Values);
