using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Allows only what a function of the caller names.</summary>
/// <remarks>HF: <c>PrefixConstrainedLogitsProcessor</c>.</remarks>
internal sealed class PrefixConstrainedProcessor(Func<int, IReadOnlyList<long>, IReadOnlyList<long>> allowedTokens, int rowsPerSource) : LogitsProcessor
{
    public override Tensor Process(Tensor inputIds, Tensor scores)
        => TokenRows.AllowOnly(scores, [.. TokenRows.Of(inputIds).Select((row, index) => Allowed(index / rowsPerSource, row, scores.size(1)))]);

    private IReadOnlyList<long> Allowed(int source, long[] ids, long vocabSize)
    {
        var allowed = allowedTokens(source, ids);
        if (allowed is null or [])
            throw new InvalidOperationException($"prefixAllowedTokens: expected at least one id, got none for source {source} after [{string.Join(", ", ids)}]");
        if (allowed.Any(id => id < 0 || id >= vocabSize))
            throw new InvalidOperationException($"prefixAllowedTokens: expected ids from 0 to {vocabSize - 1}, got [{string.Join(", ", allowed)}]");
        return allowed;
    }
}
