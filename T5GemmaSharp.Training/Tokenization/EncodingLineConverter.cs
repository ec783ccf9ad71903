using System.Text.Json;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Training.Tokenization;

/// <summary>From a JSON string to the array of its ids.</summary>
internal sealed class EncodingLineConverter(T5GemmaTokenizer tokenizer, EncodingChoices choices) : ILineConverter
{
    private char[] _text = new char[1024];

    public void Convert(ReadOnlySpan<byte> line, Utf8JsonWriter json)
    {
        var text = JsonLineText.ReadString(line, ref _text);
        json.WriteStartArray();
        foreach (var id in tokenizer.Encode(text, choices.AddBos, choices.AddEos, choices.ParseSpecial))
            json.WriteNumberValue(id);
        json.WriteEndArray();
    }
}
