using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Which metrics suit which labels.</summary>
internal static class HeadMetricNames
{
    public const string Entities = "entity_f1";

    private static readonly string[] OfClasses = ["accuracy", "precision_recall_f1", "matthews_correlation"];

    /// <summary>Metrics of the labels of texts.</summary>
    public static IReadOnlyList<string> Of(ProblemType problem) => problem switch
    {
        ProblemType.Regression => ["pearson", "spearman"],
        ProblemType.MultiLabelClassification => ["multi_label_f1"],
        _ => OfClasses,
    };

    /// <summary>Metrics of the labels of words.</summary>
    public static IReadOnlyList<string> OfTokens(LabelTable labels)
        => labels.Names.All(name => EntitySpan.IsTag(name) && !name.Any(char.IsWhiteSpace)) ? [Entities, .. OfClasses] : OfClasses;

    /// <summary>The metrics asked for, or all that suit.</summary>
    /// <exception cref="ArgumentException">One does not suit, or comes twice.</exception>
    public static IReadOnlyList<string> Choose(IReadOnlyList<string> wanted, IReadOnlyList<string> suitable)
    {
        _ = MetricSet.Create(wanted);
        return wanted.FirstOrDefault(name => !suitable.Contains(name)) is { } other
            ? throw new ArgumentException($"metrics: expected some of {string.Join(", ", suitable)} for the labels of the data, got {other}", nameof(wanted))
            : wanted.Count > 0 ? wanted : suitable;
    }
}
