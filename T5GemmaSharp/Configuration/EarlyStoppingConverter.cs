using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Generation;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads and writes <c>true</c>, <c>false</c> and <c>"never"</c>.</summary>
internal sealed class EarlyStoppingConverter : JsonConverter<EarlyStopping>
{
    public override EarlyStopping Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) => reader.TokenType switch
    {
        JsonTokenType.True => EarlyStopping.True,
        JsonTokenType.False => EarlyStopping.False,
        JsonTokenType.String when reader.ValueTextEquals("never") => EarlyStopping.Never,
        _ => throw new JsonException("expected true, false or \"never\""),
    };

    public override void Write(Utf8JsonWriter writer, EarlyStopping value, JsonSerializerOptions options)
    {
        if (value == EarlyStopping.Never)
            writer.WriteStringValue("never");
        else
            writer.WriteBooleanValue(value == EarlyStopping.True);
    }
}
