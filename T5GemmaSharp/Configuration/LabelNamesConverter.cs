using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Configuration;

/// <summary>Reads <c>id2label</c>, an object whose keys are the class ids 0..n-1 as strings, into a list of names.</summary>
internal sealed class LabelNamesConverter : JsonConverter<IReadOnlyList<string>>
{
    public override IReadOnlyList<string> Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        if (reader.TokenType != JsonTokenType.StartObject)
            throw new JsonException($"expected an object of class id to name, got {reader.TokenType}");
        var names = new SortedDictionary<int, string>();
        while (reader.Read() && reader.TokenType != JsonTokenType.EndObject)
        {
            var key = reader.GetString();
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out var id))
                throw new JsonException($"expected class ids as keys, got \"{key}\"");
            reader.Read();
            names[id] = reader.TokenType == JsonTokenType.String
                ? reader.GetString()! // a string token holds a string
                : throw new JsonException($"expected the name of class {id}, got {reader.TokenType}");
        }
        if (names.Count > 0 && names.Keys.Last() != names.Count - 1)
            throw new JsonException($"expected the class ids 0 to {names.Count - 1}, got {string.Join(", ", names.Keys)}");
        return [.. names.Values];
    }

    public override void Write(Utf8JsonWriter writer, IReadOnlyList<string> value, JsonSerializerOptions options)
    {
        writer.WriteStartObject();
        for (var id = 0; id < value.Count; id++)
            writer.WriteString(id.ToString(CultureInfo.InvariantCulture), value[id]);
        writer.WriteEndObject();
    }
}
