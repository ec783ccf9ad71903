using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads and writes <c>[[id, id, ...], bias]</c>.</summary>
internal sealed class SequenceBiasConverter : JsonConverter<SequenceBias>
{
    private static readonly TokenIdsConverter Ids = new();

    public override SequenceBias Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read())
            throw new JsonException("expected [[id, ...], bias]");
        var ids = Ids.Read(ref reader, typeof(IReadOnlyList<long>), options);
        if (!reader.Read() || reader.TokenType != JsonTokenType.Number)
            throw new JsonException("expected a number as the bias");
        var bias = reader.GetDouble();
        if (!reader.Read() || reader.TokenType != JsonTokenType.EndArray)
            throw new JsonException("expected [[id, ...], bias], got more");
        return new SequenceBias(ids, bias);
    }

    public override void Write(Utf8JsonWriter writer, SequenceBias value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteStartArray();
        foreach (var id in value.Ids)
            writer.WriteNumberValue(id);
        writer.WriteEndArray();
        writer.WriteNumberValue(value.Bias);
        writer.WriteEndArray();
    }
}
