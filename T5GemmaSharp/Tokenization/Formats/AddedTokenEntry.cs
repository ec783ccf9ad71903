using System.Globalization;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>An added token as a file lists it, with the field to name when it cannot be kept.</summary>
/// <param name="Content">Its text.</param>
/// <param name="Id">Its id.</param>
/// <param name="IdField">Where the id stands.</param>
/// <param name="IsSpecial">Whether decoding may leave it out.</param>
internal sealed record AddedTokenEntry(string Content, int Id, JsonField IdField, bool IsSpecial)
{
    /// <summary>Reads an object with <c>content</c> and the flags of a token.</summary>
    /// <param name="token">The object.</param>
    /// <param name="id">The token's id, wherever it stands.</param>
    public static AddedTokenEntry Read(JsonField token, JsonField id)
        => Read(token, id, id.Integer(minimum: 0, maximum: VocabularyReader.MaximumId));

    /// <summary>Reads an object with <c>content</c> and the flags of a token, whose id is the key that it has in <c>added_tokens_decoder</c>.</summary>
    public static AddedTokenEntry Read(string key, JsonField token)
    {
        if (!int.TryParse(key, CultureInfo.InvariantCulture, out var id) || id is < 0 or > VocabularyReader.MaximumId)
            token.Reject($"a key from 0 to {VocabularyReader.MaximumId}");
        return Read(token, token, id);
    }

    /// <summary>Reads the id of a token that has no flags.</summary>
    public static AddedTokenEntry ReadId(string content, JsonField id)
    {
        if (content.Length == 0)
            id.Reject("a text that is not empty as the key");
        return new AddedTokenEntry(content, id.Integer(minimum: 0, maximum: VocabularyReader.MaximumId), id, IsSpecial: false);
    }

    private static AddedTokenEntry Read(JsonField token, JsonField idField, int id)
    {
        foreach (var name in new[] { "normalized", "lstrip", "rstrip", "single_word" })
            token.Find(name)?.Expect(false);
        var content = token.Get("content");
        if (content.String().Length == 0)
            content.Reject("a text that is not empty");
        return new AddedTokenEntry(content.String(), id, idField, token.Find("special")?.Boolean() ?? false);
    }
}
