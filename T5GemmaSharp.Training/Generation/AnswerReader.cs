using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Streaming;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Generation;

/// <summary>Takes the answer out of a row of ids.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="config">The settings, those of the model included.</param>
/// <param name="skipSpecialTokens">Whether special tokens are left out of the text.</param>
internal sealed class AnswerReader(T5GemmaTokenizer tokenizer, GenerationConfig config, bool skipSpecialTokens)
{
    private readonly IReadOnlyList<long> _ends = config.EosTokenId ?? [];
    private readonly IReadOnlyList<string> _stopStrings = config.StopStrings ?? [];

    /// <summary>Reads a row.</summary>
    /// <param name="sequence">Start token, prompt, new tokens, padding.</param>
    /// <param name="promptLength">Tokens before the new ones.</param>
    public (int[] Ids, string Text, FinishReason Reason) Read(long[] sequence, int promptLength)
    {
        var fresh = sequence.AsSpan(promptLength);
        var end = IndexOfEnd(fresh);
        int[] ids = [.. (end >= 0 ? fresh[..(end + 1)] : WithoutPadding(fresh)).ToArray().Select(id => (int)id)];
        var matcher = new StopStringMatcher(_stopStrings);
        var text = matcher.Append(tokenizer.Decode(ids, skipSpecialTokens)) + matcher.Flush();
        var reason = matcher.StopString is not null ? FinishReason.StopString
            : end >= 0 ? FinishReason.EndOfSequence
            : ids.Length + promptLength >= config.MaxLengthAfter(promptLength) ? FinishReason.Length
            : FinishReason.Criterion;
        return (ids, text, reason);
    }

    private int IndexOfEnd(ReadOnlySpan<long> ids)
    {
        for (var index = 0; index < ids.Length; index++)
        {
            if (_ends.Contains(ids[index]))
                return index;
        }

        return -1;
    }

    // A row that a stop string or a criterion has ended is filled up while others go on.
    private ReadOnlySpan<long> WithoutPadding(ReadOnlySpan<long> ids)
        => config.PadTokenId is { } padding ? ids.TrimEnd(padding) : ids;
}
