using System.Text.Json;
using System.Text.Json.Serialization;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Training.Distributed.Sharding;

/// <summary>How far a part is, in a small file beside its output.</summary>
/// <param name="Identity">What the output depends on: the inputs' bytes and the settings.</param>
/// <param name="Rows">Rows that are done.</param>
/// <param name="Bytes">Bytes of the output that hold them.</param>
internal sealed record ShardState(string Identity, long Rows, long Bytes)
{
    /// <summary>Extension of the file.</summary>
    public const string Extension = ".state";

    /// <summary>Reads the file beside an output; null: there is none.</summary>
    /// <exception cref="InvalidDataException">It is something else.</exception>
    public static ShardState? Read(string output)
    {
        var path = output + Extension;
        if (!File.Exists(path))
            return null;
        try
        {
            return JsonSerializer.Deserialize(File.ReadAllBytes(path), ShardStateJson.Default.ShardState);
        }
        catch (JsonException fault)
        {
            throw new InvalidDataException($"{path}: expected how far a part is, {fault.Message}", fault);
        }
    }

    /// <summary>Writes the file, whole or not at all.</summary>
    public void Write(string output) => TextFile.Write(output + Extension, JsonSerializer.Serialize(this, ShardStateJson.Default.ShardState));
}

/// <summary>JSON of the state.</summary>
[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower)]
[JsonSerializable(typeof(ShardState))]
internal sealed partial class ShardStateJson : JsonSerializerContext;
