namespace T5GemmaSharp.Training.Optimization;

/// <summary>Shape of the warm-up and of the decay of <see cref="LearningRateSchedule.WarmupStableDecay"/>.</summary>
public enum RampShape
{
    /// <summary>A straight line.</summary>
    Linear,

    /// <summary>Half a cosine: flat at both ends.</summary>
    Cosine,

    /// <summary>One less a square root: a warm-up that is steep at its end, a decay that is steep at its beginning.</summary>
    OneMinusSquareRoot,
}
