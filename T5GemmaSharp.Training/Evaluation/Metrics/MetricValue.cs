namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>One number of a metric.</summary>
/// <param name="Name">Its name, for example <c>rougeL</c>.</param>
/// <param name="Value">The number; the metric says on which scale.</param>
public readonly record struct MetricValue(string Name, double Value);
