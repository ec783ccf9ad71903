namespace T5GemmaSharp.Training.Optimization;

/// <summary>Constants of <see cref="Sgd"/>.</summary>
public sealed record SgdOptions
{
    /// <summary>Share of the last update that goes on. Default 0.</summary>
    public double Momentum { get; init; }

    /// <summary>Factor of a weight that is added to its gradient. Norms and biases are not decayed. Default 0.</summary>
    public double WeightDecay { get; init; }
}
