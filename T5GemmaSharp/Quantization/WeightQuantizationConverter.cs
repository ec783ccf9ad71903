using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Quantization;

/// <summary>Reads and writes <c>quantization_config</c>. Others' methods are refused: their weights would be taken for what they are not.</summary>
internal sealed class WeightQuantizationConverter : JsonConverter<WeightQuantization>
{
    private const string Method = "t5gemmasharp";

    public override WeightQuantization Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        using var document = JsonDocument.ParseValue(ref reader);
        var root = document.RootElement;
        var method = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("quant_method", out var name) ? name.ToString() : "none";
        if (method != Method)
            throw new JsonException($"quant_method: expected {Method}, got {method}; load the weights that are not quantized, and let this library quantize them");
        return (Number(root, "bits"), Number(root, "group_size")) switch
        {
            (8, null) => WeightQuantization.EightBit,
            (4, { } size and (32 or 64 or 128)) => WeightQuantization.FourBitInGroups(size),
            var (bits, size) => throw new JsonException($"expected 8 bits without group_size, or 4 bits with group_size 32, 64 or 128, got bits {bits?.ToString() ?? "null"} and group_size {size?.ToString() ?? "null"}"),
        };
    }

    public override void Write(Utf8JsonWriter writer, WeightQuantization value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        writer.WriteNumber("bits", value.Bits);
        if (value.GroupSize is { } size)
            writer.WriteNumber("group_size", size);
        else
            writer.WriteNull("group_size");
        writer.WriteString("quant_method", Method);
        writer.WriteEndObject();
    }

    private static int? Number(JsonElement root, string name) => root.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out var number) ? number : null;
}
