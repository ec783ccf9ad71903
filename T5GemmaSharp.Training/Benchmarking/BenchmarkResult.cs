using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>What a benchmark found.</summary>
internal sealed record BenchmarkResult
{
    public required ModelSummary Model { get; init; }

    /// <summary>Who computed the decoder's steps; null: none were measured.</summary>
    public DecodingRoute? Route { get; init; }

    /// <summary>Times by what they are the time of.</summary>
    public Dictionary<string, Timing> Seconds { get; } = [];

    /// <summary>Figures that follow from the medians, by name and unit.</summary>
    public Dictionary<string, double> Rates { get; } = [];
}
