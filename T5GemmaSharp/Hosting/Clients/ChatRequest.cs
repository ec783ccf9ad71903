using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>What a chat asks of a model.</summary>
/// <param name="SourceIds">Source ids.</param>
/// <param name="Config">Settings that replace the model's.</param>
/// <param name="Controls">Processors, tokenizer, seed.</param>
/// <param name="Timeout">Time until the end.</param>
internal sealed record ChatRequest(IReadOnlyList<int> SourceIds, GenerationConfig Config, GenerationControls Controls, TimeSpan Timeout);
