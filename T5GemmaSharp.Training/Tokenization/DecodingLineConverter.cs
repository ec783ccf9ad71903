using System.Text.Json;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>From a JSON array of ids to the string that they spell.</summary>
internal sealed class DecodingLineConverter(T5GemmaTokenizer tokenizer, bool skipSpecialTokens) : ILineConverter
{
    private readonly List<int> _ids = [];

    public void Convert(ReadOnlySpan<byte> line, Utf8JsonWriter json)
    {
        JsonLineText.ReadIds(line, _ids);
        json.WriteStringValue(tokenizer.Decode(_ids, skipSpecialTokens));
    }
}
