namespace T5GemmaSharp.Generation.Streaming;

/// <summary>Why a result ended.</summary>
public enum FinishReason
{
    /// <summary>With an end token.</summary>
    EndOfSequence,

    /// <summary>With a stop string, which the text leaves out.</summary>
    StopString,

    /// <summary>At the longest length.</summary>
    Length,

    /// <summary>For another reason: the time limit, or a criterion of the caller.</summary>
    Criterion,
}
