using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Several metrics over the same examples.</summary>
public sealed class MetricSet : IMetric
{
    private static readonly (string Name, Func<IMetric> Create)[] Known =
    [
        ("rouge", () => new RougeMetric()),
        ("rouge_stemmed", () => new RougeMetric(useStemmer: true)),
        ("bleu", () => new BleuMetric()),
        ("exact_match", () => new BestReferenceMetric("exact_match", SquadText.ExactMatch)),
        ("squad_f1", () => new BestReferenceMetric("squad_f1", SquadText.F1)),
        ("accuracy", () => new ClassificationMetric(counts => [new("accuracy", counts.Accuracy)])),
        ("precision_recall_f1", () => new ClassificationMetric(ClassificationMetric.AllAveragings)),
        ("multi_label_f1", () => new MultiLabelMetric()),
        ("matthews_correlation", () => new ClassificationMetric(counts => [new("matthews_correlation", counts.MatthewsCorrelation)])),
        ("pearson", () => new CorrelationMetric("pearson", Correlation.Pearson)),
        ("spearman", () => new CorrelationMetric("spearman", Correlation.Spearman)),
        ("entity_f1", () => new EntityMetric()),
        ("pronunciation", () => new PronunciationErrors()),
    ];

    private readonly IMetric[] _metrics;

    private MetricSet(IMetric[] metrics) => _metrics = metrics;

    /// <summary>Names that <see cref="Create"/> knows.</summary>
    /// <remarks>
    /// <c>rouge</c>, <c>rouge_stemmed</c>, <c>bleu</c>, <c>exact_match</c> and <c>squad_f1</c> give numbers from 0 to 100, the others from 0 or -1 to 1, except
    /// <c>pronunciation</c>, whose phoneme error rate has no upper end. All take texts: a label, a number, tags or phonemes parted by blanks, or for <c>multi_label_f1</c> a JSON list of labels.
    /// </remarks>
    public static IReadOnlyList<string> Names { get; } = [.. Known.Select(metric => metric.Name)];

    /// <summary>Makes the metrics of a list of names, without examples.</summary>
    /// <param name="names">Names out of <see cref="Names"/>, each once.</param>
    /// <exception cref="ArgumentException">A name is unknown or given twice; the message lists all.</exception>
    public static MetricSet Create(IReadOnlyList<string> names)
    {
        ArgumentNullException.ThrowIfNull(names);
        List<string> faults =
        [
            .. names.Except(Names).Select(name => $"\"{name}\" is unknown"),
            .. names.GroupBy(name => name).Where(group => group.Count() > 1).Select(group => $"\"{group.Key}\" is given {group.Count()} times"),
        ];
        if (faults.Count > 0)
            throw new ArgumentException($"metrics: {string.Join("; ", faults)}; expected each once, out of {string.Join(", ", Names)}", nameof(names));
        return new MetricSet([.. names.Select(name => Array.Find(Known, metric => metric.Name == name).Create())]);
    }

    /// <inheritdoc/>
    public void Add(string prediction, IReadOnlyList<string> references)
    {
        foreach (var metric in _metrics)
            metric.Add(prediction, references);
    }

    /// <summary>The numbers of all metrics, in the order of the names.</summary>
    public IReadOnlyList<MetricValue> Compute() => [.. _metrics.SelectMany(metric => metric.Compute())];
}
