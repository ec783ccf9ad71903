namespace T5GemmaSharp.Training;

/// <summary>Quality on words that were not trained on.</summary>
/// <param name="Step">Steps done.</param>
/// <param name="Loss">Cross-entropy a target token, in nats.</param>
/// <param name="WordErrorRate">Share of words that are wrong, 0 to 1.</param>
/// <param name="PhonemeErrorRate">Edits a reference phoneme.</param>
/// <param name="Words">Number of words.</param>
public sealed record EvaluationReport(int Step, double Loss, double WordErrorRate, double PhonemeErrorRate, int Words);
