using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Generation;

/// <summary>A number added to the score of the last id of a sequence, where the ids before it stand at the end of the result.</summary>
/// <param name="Ids">The sequence, at least one id.</param>
/// <param name="Bias">The number; negative infinity forbids the sequence.</param>
[JsonConverter(typeof(SequenceBiasConverter))]
public sealed record SequenceBias(IReadOnlyList<long> Ids, double Bias);
