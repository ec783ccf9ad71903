using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Adapters;

/// <summary>Reads and writes a selection as PEFT does: a list is one of names, a string is <c>all-linear</c> or a regular expression.</summary>
internal sealed class ModuleSelectionConverter : JsonConverter<ModuleSelection>
{
    public override ModuleSelection Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType == JsonTokenType.String)
        {
            var text = reader.GetString()!; // a string token holds a string
            return text.Equals(ModuleSelection.AllLinearName, StringComparison.OrdinalIgnoreCase) ? ModuleSelection.AllLinear : ModuleSelection.Matching(text);
        }

        if (reader.TokenType != JsonTokenType.StartArray)
            throw new JsonException($"expected a list of names or a regular expression, got {reader.TokenType}");
        var names = new List<string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndArray)
            names.Add(reader.TokenType == JsonTokenType.String ? reader.GetString()! : throw new JsonException($"expected a name, got {reader.TokenType}"));
        return ModuleSelection.Named(names);
    }

    public override void Write(Utf8JsonWriter writer, ModuleSelection value, JsonSerializerOptions options)
    {
        if (value.Names is not { } names)
        {
            writer.WriteStringValue(value.ToString());
            return;
        }

        writer.WriteStartArray();
        foreach (var name in names)
            writer.WriteStringValue(name);
        writer.WriteEndArray();
    }
}
