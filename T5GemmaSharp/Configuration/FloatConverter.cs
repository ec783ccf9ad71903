using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Writes whole numbers as <c>30.0</c>: transformers 5.x refuses an integer where a field is declared as a float.</summary>
internal sealed class FloatConverter : JsonConverter<double>
{
    public override double Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options) =>
        reader.TokenType == JsonTokenType.Number ? reader.GetDouble() : throw new JsonException($"expected a number, got {reader.TokenType}");

    public override void Write(Utf8JsonWriter writer, double value, JsonSerializerOptions options)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        writer.WriteRawValue(text.AsSpan().IndexOfAny('.', 'E', 'N') >= 0 ? text : text + ".0");
    }
}
