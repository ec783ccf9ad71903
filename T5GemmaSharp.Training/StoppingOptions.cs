namespace T5GemmaSharp.Training;

/// <summary>Which evaluation is the best, and when a run ends because none is better any more.</summary>
public sealed record StoppingOptions
{
    /// <summary>Name of the number that counts. Default <c>loss</c>.</summary>
    public string Metric { get; init; } = "loss";

    /// <summary>Whether more is better. Default false.</summary>
    public bool GreaterIsBetter { get; init; }

    /// <summary>Evaluations in a row without improvement that end the run; null: none do.</summary>
    public int? Patience { get; init; }

    /// <summary>What an improvement must exceed, 0 or more. Default 0.</summary>
    public double Threshold { get; init; }

    /// <summary>Whether a checkpoint is written at each improvement, so that the best one is there at the end.</summary>
    public bool KeepsBest { get; init; }

    /// <summary>Faults of the settings, one sentence each.</summary>
    public IEnumerable<string> Faults()
    {
        if (Patience is < 1)
            yield return $"Patience: expected at least 1, got {Patience}";
        if (!double.IsFinite(Threshold) || Threshold < 0)
            yield return $"Threshold: expected 0 or more, got {Threshold}";
    }

    /// <summary>Takes an evaluation into the state of a run.</summary>
    /// <param name="state">The run, the evaluation included.</param>
    /// <param name="report">The evaluation.</param>
    /// <exception cref="ArgumentException">The evaluation has no number of that name.</exception>
    internal RunState Judge(RunState state, EvaluationReport report)
    {
        if (!report.Values.TryGetValue(Metric, out var value))
            throw new ArgumentException($"metric: expected one of {string.Join(", ", report.Values.Keys)}, got {Metric}");
        var gain = state.Best is null ? double.PositiveInfinity : GreaterIsBetter ? value - state.Best.Value : state.Best.Value - value;
        return gain > Threshold // not a number is no improvement
            ? state with { Best = new BestEvaluation(report.Step, value), StaleEvaluations = 0 }
            : state with { StaleEvaluations = state.StaleEvaluations + 1 };
    }
}
