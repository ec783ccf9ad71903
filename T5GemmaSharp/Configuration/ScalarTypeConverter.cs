using System.Text.Json;
using System.Text.Json.Serialization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads and writes a dtype by PyTorch's name without the <c>torch.</c> prefix.</summary>
internal sealed class ScalarTypeConverter : JsonConverter<ScalarType?>
{
    private static readonly Dictionary<string, ScalarType> TypeOf = new(StringComparer.Ordinal)
    {
        ["float32"] = ScalarType.Float32,
        ["bfloat16"] = ScalarType.BFloat16,
        ["float16"] = ScalarType.Float16,
        ["float64"] = ScalarType.Float64,
    };

    public override bool HandleNull => true;

    public override ScalarType? Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.Null)
            return null;
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : reader.TokenType.ToString(); // a string token holds a string
        return TypeOf.TryGetValue(text, out var type)
            ? type
            : throw new JsonException($"expected one of {string.Join(", ", TypeOf.Keys)}, got {text}");
    }

    public override void Write(Utf8JsonWriter writer, ScalarType? value, JsonSerializerOptions options)
    {
        if (value is { } type)
            writer.WriteStringValue(NameOf(type));
        else
            writer.WriteNullValue();
    }

    /// <summary>PyTorch's name of a dtype.</summary>
    internal static string NameOf(ScalarType type) =>
        TypeOf.FirstOrDefault(pair => pair.Value == type).Key
        ?? throw new NotSupportedException($"dtype: expected one of {string.Join(", ", TypeOf.Keys)}, got {type}");
}
