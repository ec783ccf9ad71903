using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Keeps the tokens whose probability is at least a share of the best one's.</summary>
/// <remarks>HF: <c>MinPLogitsWarper</c>.</remarks>
internal sealed class MinPWarper(double minP, int minTokensToKeep) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var probabilities = scores.softmax(-1);
        var remove = probabilities.lt(probabilities.amax([-1], keepdim: true) * minP);
        remove.scatter_(1, scores.topk(minTokensToKeep).indexes, torch.zeros_like(remove));
        return scores.masked_fill_(remove, float.NegativeInfinity);
    }
}
