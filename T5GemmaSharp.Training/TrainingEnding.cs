namespace T5GemmaSharp.Training;

/// <summary>Why a run ended.</summary>
public enum TrainingEnding
{
    /// <summary>All steps are done.</summary>
    Finished,

    /// <summary>Evaluations did not improve any more.</summary>
    StoppedEarly,

    /// <summary>It was asked to stop.</summary>
    Interrupted,
}
