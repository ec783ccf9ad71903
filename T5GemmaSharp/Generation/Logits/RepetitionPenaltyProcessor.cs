using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Makes the tokens of the result so far less likely, or more so with a penalty below 1.</summary>
/// <remarks>HF: <c>RepetitionPenaltyLogitsProcessor</c>.</remarks>
internal sealed class RepetitionPenaltyProcessor(double penalty) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores) => Penalize(scores, inputIds, penalty);

    /// <summary>Changes the score of each id once, however often it occurs.</summary>
    internal static Tensor Penalize(Tensor scores, Tensor ids, double penalty)
    {
        var old = scores.gather(1, ids);
        return scores.scatter_(1, ids, torch.where(old.lt(0), old * penalty, old / penalty));
    }
}
