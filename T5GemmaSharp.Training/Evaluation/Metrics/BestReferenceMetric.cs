namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Mean over the examples of a comparison with the reference that fits best, times 100.</summary>
internal sealed class BestReferenceMetric(string name, Func<string, string, double> compare) : IMetric
{
    private double _sum;
    private int _examples;

    public void Add(string prediction, IReadOnlyList<string> references)
    {
        References.Check(prediction, references);
        _sum += references.Max(reference => compare(prediction, reference));
        _examples++;
    }

    public IReadOnlyList<MetricValue> Compute() => [new(name, _examples == 0 ? 0 : 100 * _sum / _examples)];
}
