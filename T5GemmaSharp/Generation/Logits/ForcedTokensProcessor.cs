using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Allows nothing but certain tokens at one length.</summary>
/// <remarks>HF: <c>ForcedBOSTokenLogitsProcessor</c>, <c>ForcedEOSTokenLogitsProcessor</c>.</remarks>
internal sealed class ForcedTokensProcessor(IReadOnlyList<long> ids, long length) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        if (inputIds.size(1) != length)
            return scores;
        return scores.fill_(float.NegativeInfinity).index_fill_(1, torch.tensor(ids.ToArray(), dtype: ScalarType.Int64, device: scores.device), 0);
    }
}
