using System.Text.Json;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>From a JSON string to an object with its ids and their places in UTF-16 units.</summary>
internal sealed class OffsetsLineConverter(T5GemmaTokenizer tokenizer, EncodingChoices choices) : ILineConverter
{
    private char[] _text = new char[1024];

    public void Convert(ReadOnlySpan<byte> line, Utf8JsonWriter json)
    {
        var text = JsonLineText.ReadString(line, ref _text).ToString();
        var tokens = tokenizer.EncodeToTokens(text, choices.AddBos, choices.AddEos, choices.ParseSpecial);
        json.WriteStartObject();
        json.WriteStartArray("ids");
        foreach (var token in tokens)
            json.WriteNumberValue(token.Id);
        json.WriteEndArray();
        json.WriteStartArray("offsets");
        foreach (var token in tokens)
        {
            json.WriteStartArray();
            json.WriteNumberValue(token.Offset.Start.Value);
            json.WriteNumberValue(token.Offset.End.Value);
            json.WriteEndArray();
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }
}
