using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Forbids tokens, always or while the result has certain lengths.</summary>
/// <remarks>
/// HF: <c>SuppressTokensLogitsProcessor</c>, <c>SuppressTokensAtBeginLogitsProcessor</c>, <c>MinLengthLogitsProcessor</c>, <c>MinNewTokensLengthLogitsProcessor</c>.
/// </remarks>
internal sealed class SuppressTokensProcessor(IReadOnlyList<long> ids, Func<long, bool> isActiveAtLength) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        if (!isActiveAtLength(inputIds.size(1)))
            return scores;
        return scores.index_fill_(1, torch.tensor(ids.ToArray(), dtype: ScalarType.Int64, device: scores.device), double.NegativeInfinity);
    }
}
