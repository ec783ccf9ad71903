using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Raises the scores of the end tokens, more with every step.</summary>
/// <remarks>HF: <c>ExponentialDecayLengthPenalty</c>.</remarks>
internal sealed class ExponentialDecayProcessor(long start, double factor, IReadOnlyList<long> eosIds) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var steps = inputIds.size(1) - start;
        if (steps <= 0)
            return scores;
        foreach (var id in eosIds.Distinct())
        {
            var column = scores.select(1, id);
            column.add_(column.abs() * (Math.Pow(factor, steps) - 1));
        }

        return scores;
    }
}
