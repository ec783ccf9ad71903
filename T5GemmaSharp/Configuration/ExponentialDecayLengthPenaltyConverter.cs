using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads and writes <c>[start, factor]</c>.</summary>
internal sealed class ExponentialDecayLengthPenaltyConverter : JsonConverter<ExponentialDecayLengthPenalty>
{
    public override ExponentialDecayLengthPenalty Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartArray || !reader.Read() || !reader.TryGetInt64(out var start)
            || !reader.Read() || !reader.TryGetDouble(out var factor) || !reader.Read() || reader.TokenType != JsonTokenType.EndArray)
        {
            throw new JsonException("expected [start, factor], an integer and a number");
        }

        return new ExponentialDecayLengthPenalty(start, factor);
    }

    public override void Write(Utf8JsonWriter writer, ExponentialDecayLengthPenalty value, JsonSerializerOptions options)
    {
        writer.WriteStartArray();
        writer.WriteNumberValue(value.Start);
        writer.WriteNumberValue(value.Factor);
        writer.WriteEndArray();
    }
}
