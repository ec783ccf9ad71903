namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Predicted, expected and right items of every label, and the scores that follow from them.</summary>
/// <remarks>scikit-learn: <c>accuracy_score</c>, <c>precision_recall_fscore_support</c> with <c>zero_division=0</c>, <c>matthews_corrcoef</c>; the labels are those that were predicted or expected at all.</remarks>
public sealed class LabelCounts
{
    // Sorted, so that sums over the labels do not depend on the order of the examples.
    private readonly SortedDictionary<string, Counts> _labels = new(StringComparer.Ordinal);

    /// <summary>Counts one example of a classification.</summary>
    /// <param name="predicted">The predicted label.</param>
    /// <param name="expected">The right label.</param>
    public void Add(string predicted, string expected)
    {
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(expected);
        Add(predicted, matched: predicted == expected ? 1 : 0, predictedItems: 1, expectedItems: 0);
        Add(expected, matched: 0, predictedItems: 0, expectedItems: 1);
    }

    /// <summary>Share of the predictions that are right, 0 to 1.</summary>
    public double Accuracy => Total().Precision;

    /// <summary>Precision, recall and F1 over all labels.</summary>
    /// <param name="averaging">How the labels are put together.</param>
    /// <exception cref="ArgumentOutOfRangeException">The averaging is unknown.</exception>
    public PrecisionRecallF1 Scores(Averaging averaging) => averaging switch
    {
        Averaging.Micro => Total(),
        Averaging.Macro => Mean(_ => 1),
        Averaging.Weighted => Mean(counts => counts.Expected),
        _ => throw new ArgumentOutOfRangeException(nameof(averaging), averaging, "expected a known averaging"),
    };

    /// <summary>Matthews correlation coefficient in its form for any number of labels, -1 to 1; 0 where it is undefined, that is, where all predicted or all expected labels are the same.</summary>
    public double MatthewsCorrelation
    {
        get
        {
            double total = Sum(counts => counts.Expected);
            var covariance = (Sum(counts => counts.Matched) * total) - Sum(counts => counts.Predicted * counts.Expected);
            var predictedVariance = (total * total) - Sum(counts => counts.Predicted * counts.Predicted);
            var expectedVariance = (total * total) - Sum(counts => counts.Expected * counts.Expected);
            return predictedVariance == 0 || expectedVariance == 0 ? 0 : covariance / Math.Sqrt(predictedVariance * expectedVariance);
        }
    }

    /// <summary>Counts items of one label, of which an example may have any number.</summary>
    internal void Add(string label, long matched, long predictedItems, long expectedItems)
    {
        var counts = _labels.GetValueOrDefault(label);
        _labels[label] = new Counts(counts.Matched + matched, counts.Predicted + predictedItems, counts.Expected + expectedItems);
    }

    private PrecisionRecallF1 Total()
        => PrecisionRecallF1.From(Sum(counts => counts.Matched), Sum(counts => counts.Predicted), Sum(counts => counts.Expected));

    private PrecisionRecallF1 Mean(Func<Counts, long> weight)
    {
        var whole = Sum(weight);
        if (whole == 0)
            return default;
        var (precision, recall, f1) = (0.0, 0.0, 0.0);
        foreach (var counts in _labels.Values)
        {
            var scores = PrecisionRecallF1.From(counts.Matched, counts.Predicted, counts.Expected);
            precision += weight(counts) * scores.Precision;
            recall += weight(counts) * scores.Recall;
            f1 += weight(counts) * scores.F1;
        }

        return new PrecisionRecallF1(precision / whole, recall / whole, f1 / whole);
    }

    private long Sum(Func<Counts, long> part) => _labels.Values.Sum(part);

    private readonly record struct Counts(long Matched, long Predicted, long Expected);
}
