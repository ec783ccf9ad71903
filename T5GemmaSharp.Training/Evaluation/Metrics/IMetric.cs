namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Collects predictions one by one and turns them into named numbers.</summary>
public interface IMetric
{
    /// <summary>Counts one example.</summary>
    /// <param name="prediction">What the model answered.</param>
    /// <param name="references">The right answers, at least one.</param>
    /// <exception cref="ArgumentException">The references are not what the metric can compare with.</exception>
    void Add(string prediction, IReadOnlyList<string> references);

    /// <summary>The numbers over all examples so far, always the same names in the same order; 0 where nothing was counted.</summary>
    IReadOnlyList<MetricValue> Compute();
}
