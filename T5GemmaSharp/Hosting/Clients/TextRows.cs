using T5GemmaSharp.Hosting.Batching;

namespace T5GemmaSharp.Hosting.Clients;

/// <summary>Texts as rows of ids, within the service's limits.</summary>
internal static class TextRows
{
    /// <summary>Encodes a text that is not trusted: a special token's text in it stays text.</summary>
    /// <exception cref="ArgumentException">It is null, empty or too long.</exception>
    public static int[] Encode(HostedModel model, string? text, T5GemmaOptions limits)
    {
        if (text is null)
            throw new ArgumentException("texts: expected texts, one of them is null");
        SourceLimits.CheckCharacters(text.Length, limits.MaxInputCharacters);
        var ids = model.Tokenizer.Encode(text, parseSpecial: false);
        SourceLimits.CheckTokens(ids.Length, limits.MaxInputTokens);
        SourceLimits.CheckIds(ids, model.Config.Encoder.VocabSize);
        return ids;
    }
}
