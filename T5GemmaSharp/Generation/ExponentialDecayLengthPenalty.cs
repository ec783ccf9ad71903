using System.Text.Json.Serialization;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Generation;

/// <summary>Makes the end tokens likelier with every step.</summary>
/// <param name="Start">New tokens after which it begins.</param>
/// <param name="Factor">Growth of a step.</param>
[JsonConverter(typeof(ExponentialDecayLengthPenaltyConverter))]
public sealed record ExponentialDecayLengthPenalty(long Start, double Factor);
