using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads an id or a list of ids; writes one id as a number, several as a list.</summary>
internal sealed class TokenIdsConverter : JsonConverter<IReadOnlyList<long>>
{
    public override IReadOnlyList<long> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Number)
            return [reader.GetInt64()];
        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException($"expected a token id or a list of token ids, got {reader.TokenType}");
        var ids = new List<long>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
        {
            if (reader.TokenType != JsonTokenType.Number)
                throw new JsonException($"expected a token id, got {reader.TokenType}");
            ids.Add(reader.GetInt64());
        }
        return ids;
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<long> value, JsonSerializerOptions options)
    {
        if (value.Count == 1)
        {
            writer.WriteNumberValue(value[0]);
            return;
        }
        writer.WriteStartArray();
        foreach (var id in value)
            writer.WriteNumberValue(id);
        writer.WriteEndArray();
    }
}
