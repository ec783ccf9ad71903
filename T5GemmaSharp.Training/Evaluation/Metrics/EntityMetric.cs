using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Precision, recall and F1 of named entities, each 0 to 1: an entity is right if its type and both of its ends are.</summary>
/// <remarks>seqeval: <c>precision_score</c>, <c>recall_score</c>, <c>f1_score</c> in the default mode; all types together.</remarks>
public sealed class EntityMetric : IMetric
{
    /// <summary>The counts of every type of entity, for other averagings.</summary>
    public LabelCounts Types { get; } = new();

    /// <summary>Counts one sentence whose tags are parted by blanks.</summary>
    /// <param name="prediction">The predicted tags; what is no tag counts as O, and a wrong number of tags is allowed, since a text can have them.</param>
    /// <param name="references">The right tags, as one text.</param>
    /// <exception cref="ArgumentException">There is not one reference, or it has something else than BIO tags.</exception>
    public void Add(string prediction, IReadOnlyList<string> references)
    {
        var expected = PythonText.Split(References.Single(prediction, references));
        Count(PythonText.Split(prediction), expected);
    }

    /// <summary>Counts one sentence.</summary>
    /// <param name="predicted">The predicted tags; what is no tag counts as O.</param>
    /// <param name="expected">The right tags, as many.</param>
    /// <exception cref="ArgumentException">The numbers of tags differ, or an expected one is no BIO tag.</exception>
    public void Add(IReadOnlyList<string> predicted, IReadOnlyList<string> expected)
    {
        ArgumentNullException.ThrowIfNull(predicted);
        ArgumentNullException.ThrowIfNull(expected);
        if (predicted.Count != expected.Count)
            throw new ArgumentException($"predicted: expected {expected.Count} tags, got {predicted.Count}", nameof(predicted));
        Count(predicted, expected);
    }

    /// <inheritdoc/>
    public IReadOnlyList<MetricValue> Compute()
    {
        var scores = Types.Scores(Averaging.Micro);
        return [new("entity_precision", scores.Precision), new("entity_recall", scores.Recall), new("entity_f1", scores.F1)];
    }

    private void Count(IReadOnlyList<string> predicted, IReadOnlyList<string> expected)
    {
        if (expected.FirstOrDefault(tag => !EntitySpan.IsTag(tag)) is { } wrong)
            throw new ArgumentException($"expected tags: expected O, B or I, the latter two with or without a type such as B-PER; got \"{wrong}\"", nameof(expected));
        var (predictedSpans, expectedSpans) = (EntitySpan.Read(predicted), EntitySpan.Read(expected));
        var right = expectedSpans.ToHashSet();
        foreach (var span in predictedSpans)
            Types.Add(span.Type, matched: right.Contains(span) ? 1 : 0, predictedItems: 1, expectedItems: 0);
        foreach (var span in expectedSpans)
            Types.Add(span.Type, matched: 0, predictedItems: 0, expectedItems: 1);
    }
}
