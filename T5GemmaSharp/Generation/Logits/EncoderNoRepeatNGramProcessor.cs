using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Forbids tokens that would complete a run of tokens of the source.</summary>
/// <remarks>HF: <c>EncoderNoRepeatNGramLogitsProcessor</c>.</remarks>
internal sealed class EncoderNoRepeatNGramProcessor : LogitsProcessor
{
    private readonly NGrams[] _sources;

    public EncoderNoRepeatNGramProcessor(int size, Tensor encoderIds) => _sources = [.. TokenRows.Of(encoderIds).Select(row => new NGrams(row, size))];

    public override Tensor Process(Tensor inputIds, Tensor scores)
    {
        var rows = TokenRows.Of(inputIds);
        var rowsPerSource = rows.Count / _sources.Length;
        return TokenRows.Forbid(scores, rows.Select((row, index) => _sources[index / rowsPerSource].After(row)));
    }
}
