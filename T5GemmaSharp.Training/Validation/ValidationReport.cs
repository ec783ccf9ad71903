using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Training.Validation;

/// <summary>What data files hold, seen as a training run would see them.</summary>
internal sealed record ValidationReport
{
    /// <summary>The shares whose percentiles are told: from the shortest to the longest.</summary>
    public static IReadOnlyList<double> Shares { get; } = [0, 0.5, 0.9, 0.95, 0.99, 1];

    /// <summary>What an example is called: <c>pairs</c>, <c>documents</c> and so on.</summary>
    public required string Unit { get; init; }

    /// <summary>Examples that a run would get.</summary>
    public required int Count { get; init; }

    public required DataStatistics Statistics { get; init; }

    public required string Fingerprint { get; init; }

    /// <summary>How often each label comes; null: there are none.</summary>
    public IReadOnlyList<(string Label, long Count)>? Labels { get; init; }

    public required IReadOnlyList<ValidationSample> Samples { get; init; }

    /// <summary>Share of the examples that are cut.</summary>
    public double SourceCutRate => (double)Statistics.CutSources / Statistics.Read;

    /// <summary>Share of the examples whose target is cut.</summary>
    public double TargetCutRate => (double)Statistics.CutTargets / Statistics.Read;
}
