using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Generation.Streaming;

/// <summary>The text of a result that grows token by token, and why it ends. Not thread-safe.</summary>
/// <param name="tokenizer">The tokenizer.</param>
/// <param name="config">The settings: end ids, stop strings, lengths.</param>
/// <param name="skipSpecialTokens">Whether special tokens are left out.</param>
internal sealed class TokenText(T5GemmaTokenizer tokenizer, GenerationConfig config, bool skipSpecialTokens)
{
    private readonly TokenStreamDecoder _text = tokenizer.CreateStreamDecoder(skipSpecialTokens);
    private readonly StopStringMatcher _stops = new(config.StopStrings ?? []);

    /// <summary>Takes the next token.</summary>
    /// <param name="id">Its id.</param>
    /// <param name="isLast">Whether the result ends with it.</param>
    /// <returns>The text that is final with it.</returns>
    public string Append(long id, bool isLast)
    {
        var text = _stops.Append(_text.Append((int)id));
        return isLast ? text + _stops.Append(_text.Flush()) + _stops.Flush() : text;
    }

    /// <summary>Why a result ends with a token that was just taken.</summary>
    /// <param name="last">The token's id.</param>
    /// <param name="promptLength">Ids before the first new one.</param>
    /// <param name="length">All ids.</param>
    public FinishReason ReasonAfter(long last, long promptLength, long length)
    {
        if (config.EosTokenId?.Contains(last) == true)
            return FinishReason.EndOfSequence;
        if (_stops.StopString is not null)
            return FinishReason.StopString;
        return length >= config.MaxLengthAfter(promptLength) ? FinishReason.Length : FinishReason.Criterion;
    }
}
