using System.Text.Json;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Numbers of a classification with any number of labels an example, which come as a JSON list of texts: the share of examples whose labels are all right, and precision, recall and F1 of the labels.</summary>
/// <remarks>scikit-learn: <c>accuracy_score</c> and <c>precision_recall_fscore_support</c> on indicator matrices; labels that were never predicted nor expected do not count.</remarks>
internal sealed class MultiLabelMetric : IMetric
{
    private readonly LabelCounts _counts = new();
    private long _right;
    private long _examples;

    public void Add(string prediction, IReadOnlyList<string> references)
    {
        var reference = References.Single(prediction, references);
        var expected = Read(reference) ?? throw new ArgumentException($"references: expected a JSON list of labels, got {reference}", nameof(references));
        var predicted = Read(prediction) ?? []; // what cannot be read names no label
        foreach (var label in predicted)
            _counts.Add(label, matched: expected.Contains(label) ? 1 : 0, predictedItems: 1, expectedItems: 0);
        foreach (var label in expected)
            _counts.Add(label, matched: 0, predictedItems: 0, expectedItems: 1);
        _right += predicted.SetEquals(expected) ? 1 : 0;
        _examples++;
    }

    public IReadOnlyList<MetricValue> Compute()
        => [new("subset_accuracy", _examples == 0 ? 0 : (double)_right / _examples), .. ClassificationMetric.AllAveragings(_counts).Select(value => value with { Name = $"multi_label_{value.Name}" })];

    private static HashSet<string>? Read(string text)
    {
        try
        {
            return JsonSerializer.Deserialize<HashSet<string?>>(text) is { } labels && !labels.Contains(null) ? [.. labels.OfType<string>()] : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }
}
