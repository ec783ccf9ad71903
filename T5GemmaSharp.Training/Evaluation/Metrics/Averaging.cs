namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>How the scores of several labels become one.</summary>
public enum Averaging
{
    /// <summary>From the counts of all labels together.</summary>
    Micro,

    /// <summary>The mean of the labels' scores.</summary>
    Macro,

    /// <summary>The mean of the labels' scores, each weighted by how often its label is expected.</summary>
    Weighted,
}
