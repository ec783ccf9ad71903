using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Keeps the tokens with the highest scores.</summary>
/// <remarks>HF: <c>TopKLogitsWarper</c>.</remarks>
internal sealed class TopKWarper(int topK) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores) => scores.masked_fill_(BelowTop(scores, topK), float.NegativeInfinity);

    /// <summary>Which scores are lower than the k-th highest of their row; ties with it are not.</summary>
    internal static Tensor BelowTop(Tensor scores, int count)
    {
        var k = (int)Math.Min(count, scores.size(-1));
        return scores.lt(scores.topk(k).values.narrow(-1, k - 1, 1));
    }
}
