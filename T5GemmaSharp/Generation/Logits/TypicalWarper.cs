using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Keeps the tokens whose information is nearest to the entropy and whose probabilities reach a sum.</summary>
/// <remarks>HF: <c>TypicalLogitsWarper</c>.</remarks>
internal sealed class TypicalWarper(double mass, int minTokensToKeep) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var logProbabilities = nn.functional.log_softmax(scores, dim: -1);
        var entropy = -(logProbabilities * logProbabilities.exp()).nan_to_num(nan: 0).sum(-1, keepdim: true); // 0 times infinity is 0 here
        var (distance, indices) = torch.sort((-logProbabilities - entropy).abs(), dim: -1, descending: false);
        var sums = scores.gather(-1, indices).softmax(-1).cumsum(-1);
        var last = sums.lt(mass).sum(1, keepdim: true).clamp_(max: scores.size(-1) - 1);
        var remove = distance.gt(distance.gather(1, last));
        remove.narrow(-1, 0, minTokensToKeep).fill_(false);
        return scores.masked_fill_(remove.scatter(1, indices, remove), float.NegativeInfinity);
    }
}
