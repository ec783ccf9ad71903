namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Checks of the right answers that are given to a metric.</summary>
internal static class References
{
    /// <summary>Requires at least one right answer, and none that is null.</summary>
    public static void Check(string prediction, IReadOnlyList<string> references)
    {
        ArgumentNullException.ThrowIfNull(prediction);
        ArgumentNullException.ThrowIfNull(references);
        if (references.Count == 0)
            throw new ArgumentException("references: expected at least one, got none", nameof(references));
        if (references.Any(reference => reference is null))
            throw new ArgumentException("references: expected texts, got null among them", nameof(references));
    }

    /// <summary>The only right answer of a metric that cannot choose among several.</summary>
    public static string Single(string prediction, IReadOnlyList<string> references)
    {
        Check(prediction, references);
        return references.Count == 1
            ? references[0]
            : throw new ArgumentException($"references: expected one, got {references.Count}", nameof(references));
    }
}
