using static TorchSharp.torch;

namespace T5GemmaSharp.Generation;

/// <summary>How likely given targets are. The tensors belong to the caller's dispose scope.</summary>
/// <param name="LogProbabilities">Log-probability of each target token [N, T], float32; 0 where there is none.</param>
/// <param name="Sums">Log-likelihood of each target [N], float32.</param>
/// <param name="TokenCounts">Number of tokens of each target [N], int64.</param>
public sealed record TargetScores(Tensor LogProbabilities, Tensor Sums, Tensor TokenCounts)
{
    /// <summary>Log-likelihood a token [N], float32, which compares targets of different lengths; its negative exponential is the perplexity.</summary>
    public Tensor Means() => Sums / TokenCounts.clamp(min: 1);
}
