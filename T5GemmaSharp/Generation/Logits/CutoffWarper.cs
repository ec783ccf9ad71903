using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Removes tokens below a probability, which may fall with the entropy; the best ones stay.</summary>
/// <remarks>HF: <c>EpsilonLogitsWarper</c>, <c>EtaLogitsWarper</c>.</remarks>
internal sealed class CutoffWarper(double epsilon, bool fallsWithEntropy, int minTokensToKeep) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var probabilities = scores.softmax(-1);
        var tooRare = fallsWithEntropy ? probabilities.lt(Threshold(scores, probabilities)) : probabilities.lt(epsilon);
        return scores.masked_fill_(tooRare.logical_and_(TopKWarper.BelowTop(scores, minTokensToKeep)), float.NegativeInfinity);
    }

    private Tensor Threshold(Tensor scores, Tensor probabilities)
    {
        var logProbabilities = (scores - scores.logsumexp(-1, keepdim: true)).clamp_(min: float.MinValue);
        var entropy = -(logProbabilities * probabilities).sum(-1, keepdim: true);
        return ((-entropy).exp_() * Math.Sqrt(epsilon)).clamp_(max: epsilon);
    }
}
