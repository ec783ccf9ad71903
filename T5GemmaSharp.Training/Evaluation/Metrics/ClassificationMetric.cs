namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Numbers of a classification whose labels are texts; blanks around them do not count.</summary>
internal sealed class ClassificationMetric(Func<LabelCounts, IReadOnlyList<MetricValue>> compute) : IMetric
{
    private readonly LabelCounts _counts = new();

    public void Add(string prediction, IReadOnlyList<string> references)
    {
        var expected = References.Single(prediction, references);
        _counts.Add(prediction.Trim(), expected.Trim());
    }

    public IReadOnlyList<MetricValue> Compute() => compute(_counts);

    /// <summary>Precision, recall and F1 of every averaging.</summary>
    public static IReadOnlyList<MetricValue> AllAveragings(LabelCounts counts)
    {
        List<MetricValue> values = [];
        foreach (var (averaging, suffix) in (ReadOnlySpan<(Averaging, string)>)[(Averaging.Micro, "micro"), (Averaging.Macro, "macro"), (Averaging.Weighted, "weighted")])
        {
            var scores = counts.Scores(averaging);
            values.AddRange([new($"precision_{suffix}", scores.Precision), new($"recall_{suffix}", scores.Recall), new($"f1_{suffix}", scores.F1)]);
        }

        return values;
    }
}
