namespace T5GemmaSharp.Training.Optimization;

/// <summary>Constants of <see cref="AdamW"/>.</summary>
public sealed record AdamWOptions
{
    /// <summary>Decay of the mean of the gradient. Default 0.9.</summary>
    public double Beta1 { get; init; } = 0.9;

    /// <summary>Decay of the mean of the squared gradient. Default 0.999.</summary>
    public double Beta2 { get; init; } = 0.999;

    /// <summary>Added to the root of the mean square. Default 1e-8.</summary>
    public double Epsilon { get; init; } = 1e-8;

    /// <summary>Share of a weight that is taken away each step, times the learning rate. Norms and biases are not decayed. Default 0.</summary>
    public double WeightDecay { get; init; }
}
