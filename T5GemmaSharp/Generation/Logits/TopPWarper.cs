using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Keeps the most probable tokens whose probabilities reach a sum.</summary>
/// <remarks>HF: <c>TopPLogitsWarper</c>.</remarks>
internal sealed class TopPWarper(double topP, int minTokensToKeep) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var (sorted, indices) = torch.sort(scores, dim: -1, descending: false);
        var remove = sorted.softmax(-1).cumsum(-1).le(1 - topP);
        remove.narrow(-1, remove.size(-1) - minTokensToKeep, minTokensToKeep).fill_(false);
        return scores.masked_fill_(remove.scatter(1, indices, remove), float.NegativeInfinity);
    }
}
