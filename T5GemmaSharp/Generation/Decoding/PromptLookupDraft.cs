using T5GemmaSharp.Generation.Logits;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Decoding;

/// <summary>Proposes what followed an earlier occurrence of the newest tokens of the result.</summary>
/// <remarks>HF: <c>PromptLookupCandidateGenerator</c>. Like there, only the decoder's tokens are searched.</remarks>
internal sealed class PromptLookupDraft(GenerationSettings settings) : IDraft
{
    public (long[] Ids, Tensor? Probabilities) Propose(Tensor sequences, int maximum)
    {
        var ids = TokenRows.Of(sequences)[0];
        for (var size = Math.Min(settings.MaxMatchingNgramSize, ids.Length - 1); size > 0; size--)
        {
            var newest = ids.AsSpan(ids.Length - size);
            for (var start = 0; start + size < ids.Length; start++)
            {
                if (!ids.AsSpan(start, size).SequenceEqual(newest))
                    continue;
                var rest = ids.AsSpan(start + size);
                var following = rest[..Math.Min(rest.Length, Math.Min(maximum, settings.PromptLookupNumTokens!.Value))].ToArray(); // the mode asks for it
                return ([.. following.TakeWhile(id => !settings.EosTokenIds.Contains(id))], null);
            }
        }

        return ([], null);
    }

    public void Learn(int proposed, int accepted)
    {
        // It looks only at the text.
    }

    public void Dispose()
    {
        // It owns nothing.
    }
}
