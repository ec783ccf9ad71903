using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace T5GemmaSharp.Checkpoints;

/// <summary>The index of a sharded checkpoint: which file holds which tensor.</summary>
/// <param name="WeightMap">The shard's file name by key, in the order of the file.</param>
internal sealed record CheckpointIndex(IReadOnlyList<KeyValuePair<string, string>> WeightMap)
{
    private const long MaxLengthInBytes = 100_000_000;
    private const string WeightMapField = "weight_map";

    private static readonly SearchValues<char> Separators = SearchValues.Create("/\\:\0");

    /// <summary>Reads and checks an index.</summary>
    /// <exception cref="CheckpointFormatException">The index is malformed, or names a file outside of its folder.</exception>
    public static CheckpointIndex Read(string path)
    {
        var length = new FileInfo(path).Length;
        if (length > MaxLengthInBytes)
            throw new CheckpointFormatException(path, key: null, $"at most {MaxLengthInBytes} bytes", $"{length}");
        var text = File.ReadAllBytes(path);
        try
        {
            using var document = JsonDocument.Parse(text, new JsonDocumentOptions { MaxDepth = 8 });
            return new CheckpointIndex(ReadWeightMap(path, document.RootElement));
        }
        catch (JsonException exception)
        {
            throw new CheckpointFormatException(path, key: null, "valid JSON", exception.Message, exception);
        }
        catch (InvalidOperationException exception)
        {
            // Thrown for a string that is no Unicode text.
            throw new CheckpointFormatException(path, key: null, "Unicode text", exception.Message, exception);
        }
    }

    /// <summary>Gives the bytes of an index file.</summary>
    public byte[] Write(long totalSizeInBytes, long totalParameters)
    {
        using var stream = new MemoryStream();
        // As Hugging Face writes it: indented by two, keys sorted, a line feed at the end.
        var options = new JsonWriterOptions { Indented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };
        using (var json = new Utf8JsonWriter(stream, options))
        {
            json.WriteStartObject();
            json.WriteStartObject("metadata");
            json.WriteNumber("total_parameters", totalParameters);
            json.WriteNumber("total_size", totalSizeInBytes);
            json.WriteEndObject();
            json.WriteStartObject(WeightMapField);
            foreach (var (key, file) in WeightMap.OrderBy(pair => pair.Key, StringComparer.Ordinal))
                json.WriteString(key, file);
            json.WriteEndObject();
            json.WriteEndObject();
        }

        stream.WriteByte((byte)'\n');
        return stream.ToArray();
    }

    private static List<KeyValuePair<string, string>> ReadWeightMap(string path, JsonElement root)
    {
        if (root.ValueKind != JsonValueKind.Object)
            throw new CheckpointFormatException(path, key: null, "an object", $"{root.ValueKind}");
        var maps = root.EnumerateObject().Where(member => member.Name == WeightMapField).ToArray();
        if (maps.Length != 1 || maps[0].Value.ValueKind != JsonValueKind.Object)
            throw new CheckpointFormatException(path, WeightMapField, "one object", maps.Length == 1 ? $"{maps[0].Value.ValueKind}" : $"{maps.Length}");

        var weightMap = new List<KeyValuePair<string, string>>();
        var keys = new HashSet<string>();
        foreach (var member in maps[0].Value.EnumerateObject())
        {
            if (!keys.Add(member.Name))
                throw new CheckpointFormatException(path, member.Name, "each tensor once", "the tensor twice");
            if (member.Value.ValueKind != JsonValueKind.String)
                throw new CheckpointFormatException(path, member.Name, "a file name", $"{member.Value.ValueKind}");
            var file = member.Value.GetString()!;   // not null: a JSON string
            // A path could lead anywhere on the machine.
            if (file is "" or "." or ".." || file.AsSpan().ContainsAny(Separators))
                throw new CheckpointFormatException(path, member.Name, "the name of a file in the same folder", SafetensorsFormatException.Quote(file));
            weightMap.Add(new(member.Name, file));
        }

        return weightMap;
    }
}
