using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Adds a number to the last id of a sequence where the ids before it stand at the end of a row.</summary>
/// <remarks>HF: <c>SequenceBiasLogitsProcessor</c>, <c>NoBadWordsLogitsProcessor</c>.</remarks>
internal sealed class SequenceBiasProcessor(IReadOnlyList<SequenceBias> biases) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var (length, sum) = (inputIds.size(1), torch.zeros_like(scores));
        foreach (var (ids, bias) in biases)
        {
            // As in the reference, which asks for one token more than it compares.
            if (ids.Count > 1 && ids.Count > length)
                continue;
            var column = sum.select(1, ids[^1]);
            if (ids.Count == 1)
            {
                column.add_(bias);
                continue;
            }

            var prefix = torch.tensor(ids.Take(ids.Count - 1).ToArray(), dtype: ScalarType.Int64, device: inputIds.device);
            var matches = inputIds.narrow(1, length - prefix.size(0), prefix.size(0)).eq(prefix).all(1);
            column.add_(torch.zeros_like(column).masked_fill_(matches, bias));
        }

        return scores.add_(sum);
    }
}
