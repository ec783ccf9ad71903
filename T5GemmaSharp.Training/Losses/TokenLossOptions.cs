namespace T5GemmaSharp.Training.Losses;

/// <summary>What is added to cross-entropy, and how it is computed.</summary>
public sealed record TokenLossOptions
{
    /// <summary>Share e of the target probability that is spread over the whole vocabulary, 0 to below 1: (1 - e) CE + e mean(-log p). Default 0.</summary>
    public double LabelSmoothing { get; init; }

    /// <summary>Factor z of z logsumexp(logits)², 0 or more. Default 0.</summary>
    public double ZLoss { get; init; }

    /// <summary>Target tokens whose logits are in memory together, at least 1. Default 1,024.</summary>
    public int ChunkSize { get; init; } = 1024;

    /// <summary>Faults of the settings, one sentence each.</summary>
    public IEnumerable<string> Faults()
    {
        if (LabelSmoothing is not (>= 0 and < 1))
            yield return $"LabelSmoothing: expected 0 to below 1, got {LabelSmoothing}";
        if (!double.IsFinite(ZLoss) || ZLoss < 0)
            yield return $"ZLoss: expected 0 or more, got {ZLoss}";
        if (ChunkSize < 1)
            yield return $"ChunkSize: expected at least 1, got {ChunkSize}";
    }
}
