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

    /// <summary>Falls on half a cosine to 0, several times.</summary>
    CosineWithRestarts,

    /// <summary>Falls on half a cosine to the smallest learning rate at the last step.</summary>
    CosineWithMinimum,

    /// <summary>Falls on a power of a straight line to the end learning rate at the last step.</summary>
    Polynomial,

    /// <summary>Falls with the square root of the step, whatever the number of steps.</summary>
    InverseSquareRoot,

    /// <summary>Stays at its peak, then falls to the smallest learning rate in the last steps (WSD).</summary>
    WarmupStableDecay,

    /// <summary>T5's pre-training: one over the square root of the step, whatever the peak; constant at first instead of a warm-up.</summary>
    T5Legacy,
}
