namespace T5GemmaSharp.Training.Optimization;

/// <summary>Constants of <see cref="Adafactor"/>.</summary>
public sealed record AdafactorOptions
{
    /// <summary>Exponent of the decay of the squared gradient, 1 - t^exponent. Default -0.8.</summary>
    public double DecayRate { get; init; } = -0.8;

    /// <summary>Added to the squared gradient. Default 1e-30.</summary>
    public double Epsilon { get; init; } = 1e-30;

    /// <summary>Largest root mean square of an update before the learning rate. Default 1.</summary>
    public double ClipThreshold { get; init; } = 1;

    /// <summary>Share of a weight that is taken away each step, times the learning rate. Norms and biases are not decayed. Default 0.</summary>
    public double WeightDecay { get; init; }
}
