using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Keeps, of the 100 best tokens, those that make up a share of their entropy.</summary>
/// <remarks>HF: <c>TopHLogitsWarper</c>.</remarks>
internal sealed class TopHWarper(double topH) : LogitsProcessor
{
    private const int MaximumTokens = 100;

    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var (best, indices) = scores.topk((int)Math.Min(MaximumTokens, scores.size(-1)));
        var logProbabilities = nn.functional.log_softmax(best, dim: -1);
        var information = torch.where(best.isneginf(), torch.zeros_like(best), -logProbabilities.exp() * logProbabilities);
        var keep = information.cumsum(-1).le(information.sum(-1, keepdim: true) * topH);
        keep.narrow(-1, 0, 1).fill_(true);
        var remove = torch.ones_like(scores, dtype: ScalarType.Bool).scatter_(1, indices, keep.logical_not());
        return scores.masked_fill_(remove, float.NegativeInfinity);
    }
}
