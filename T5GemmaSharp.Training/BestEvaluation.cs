namespace T5GemmaSharp.Training;

/// <summary>The best evaluation of a run so far.</summary>
/// <param name="Step">Steps done then.</param>
/// <param name="Value">Its number.</param>
public sealed record BestEvaluation(int Step, double Value);
