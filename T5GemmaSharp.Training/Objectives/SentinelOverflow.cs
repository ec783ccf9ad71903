namespace T5GemmaSharp.Training.Objectives;

/// <summary>What to do where the budgets allow windows with more spans than there are sentinels. Sentinels are never used twice.</summary>
public enum SentinelOverflow
{
    /// <summary>Shorter windows: the text is cut into more pieces, each within the sentinels.</summary>
    Shrink,

    /// <summary>Fewer, longer spans: as many as there are sentinels, with the same share of noise.</summary>
    Merge,

    /// <summary>An exception when the objective is created.</summary>
    Error,
}
