using Microsoft.ML.Tokenizers;

namespace T5GemmaSharp.Tokenization;

public sealed partial class T5GemmaTokenizer
{
    /// <summary>Turns a text into tokens with their pieces and places.</summary>
    /// <param name="text">Any text.</param>
    /// <param name="addBos">Whether bos goes in front; null: as the tokenizer's files say.</param>
    /// <param name="addEos">Whether eos goes behind; null: as the tokenizer's files say.</param>
    /// <param name="parseSpecial">Whether text such as <c>&lt;eos&gt;</c> becomes the special token; false for text that is not trusted.</param>
    /// <returns>Ids, pieces (with ▁ for a space) and ranges of UTF-16 code units of <paramref name="text"/>. The bytes of one character share its range; bos and eos have empty ones.</returns>
    /// <exception cref="ArgumentNullException"><paramref name="text"/> is null.</exception>
    /// <exception cref="InvalidOperationException">bos or eos is asked for and the tokenizer has none.</exception>
    public IReadOnlyList<EncodedToken> EncodeToTokens(string text, bool? addBos, bool? addEos, bool parseSpecial = true)
    {
        ArgumentNullException.ThrowIfNull(text);
        var tokens = EncodeSpans(Clean(text), addBos ?? AddsBos, addEos ?? AddsEos, parseSpecial, normalize: true, out _);
        return [.. tokens.Select(token => new EncodedToken(token.Id, _tables.Pieces[token.Id], token.Start..token.End))];
    }
}
