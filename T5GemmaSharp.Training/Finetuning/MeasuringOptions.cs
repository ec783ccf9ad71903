using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Finetuning;

/// <summary>How a model that writes is measured.</summary>
/// <param name="Metrics">Names of metrics of generated answers; none: only the loss is measured.</param>
/// <param name="Generation">Settings of the answers that replace the model's.</param>
/// <param name="BatchSize">Examples a batch.</param>
internal sealed record MeasuringOptions(IReadOnlyList<string> Metrics, GenerationConfig Generation, int BatchSize);
