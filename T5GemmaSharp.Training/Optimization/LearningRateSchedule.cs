namespace T5GemmaSharp.Training.Optimization;

/// <summary>Shape of the learning rate after the warm-up.</summary>
public enum LearningRateSchedule
{
    /// <summary>Stays at its peak.</summary>
    Constant,

    /// <summary>Falls on a straight line to 0 at the last step.</summary>
    Linear,

    /// <summary>Falls on half a cosine to 0 at the last step.</summary>
    Cosine,
}
