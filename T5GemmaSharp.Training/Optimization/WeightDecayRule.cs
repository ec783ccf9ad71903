namespace T5GemmaSharp.Training.Optimization;

/// <summary>Which parameters decay, and how fast.</summary>
/// <param name="Rate">Share of a weight that is taken away each step, times the learning rate.</param>
/// <param name="DecaysEmbeddings">Whether embedding tables decay.</param>
public readonly record struct WeightDecayRule(double Rate, bool DecaysEmbeddings = true)
{
    /// <summary>The rate for a parameter: biases and norms do not decay.</summary>
    /// <remarks>HF: <c>Trainer.get_decay_parameter_names</c>.</remarks>
    /// <param name="name">Name in the state dict.</param>
    public double For(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var parts = name.Split('.');
        var isEmbedding = parts.Contains("embed_tokens");
        return parts.Any(IsNormOrBias) || (isEmbedding && !DecaysEmbeddings) ? 0 : Rate;
    }

    private static bool IsNormOrBias(string part)
        => part is "bias" or "norm" || part.EndsWith("_norm", StringComparison.OrdinalIgnoreCase)
        || part.Contains("layernorm", StringComparison.OrdinalIgnoreCase) || part.Contains("rmsnorm", StringComparison.OrdinalIgnoreCase);
}
