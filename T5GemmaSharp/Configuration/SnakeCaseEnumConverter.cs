using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads and writes an enum by its snake_case names only, as Hugging Face spells them.</summary>
internal sealed class SnakeCaseEnumConverter<TEnum> : JsonConverter<TEnum>
    where TEnum : struct, Enum
{
    private static readonly Dictionary<string, TEnum> ValueOf =
        Enum.GetValues<TEnum>().ToDictionary(value => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()), StringComparer.Ordinal);

    public override TEnum Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        return text is not null && ValueOf.TryGetValue(text, out var value)
            ? value
            : throw new JsonException($"expected one of {string.Join(", ", ValueOf.Keys)}, got {text ?? reader.TokenType.ToString()}");
    }

    public override void Write(Utf8JsonWriter writer, TEnum value, JsonSerializerOptions options) =>
        writer.WriteStringValue(JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString()));
}
