namespace T5GemmaSharp.Training.Evaluation;

/// <summary>How well a model predicts target tokens, each after the true ones before it.</summary>
/// <param name="Loss">Nats a target.</param>
/// <param name="Accuracy">Share of the targets that are the most probable token, 0 to 1.</param>
/// <param name="Targets">Number of targets.</param>
public readonly record struct TargetMeasures(double Loss, double Accuracy, long Targets);
