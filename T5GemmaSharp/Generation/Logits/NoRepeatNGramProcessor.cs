using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Forbids tokens that would complete a run of tokens for the second time.</summary>
/// <remarks>HF: <c>NoRepeatNGramLogitsProcessor</c>.</remarks>
internal sealed class NoRepeatNGramProcessor(int size) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var forbidden = TokenRows.Of(inputIds).Select(row => row.Length < size ? [] : new NGrams(row, size).After(row));
        return TokenRows.Forbid(scores, forbidden);
    }
}
