using System.Text.Json;
using System.Text.Json.Serialization;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>The file of a checkpoint that says where the run stands, and with which settings it got there.</summary>
public sealed record RunStateFile
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "state.json";

    private const int KnownVersion = 1;

    /// <summary>Version of the format.</summary>
    public int Version { get; init; } = KnownVersion;

    /// <summary>Where the run stands.</summary>
    public required RunState State { get; init; }

    /// <summary>What the course of the run depends on, by name: settings, and a fingerprint of the data.</summary>
    public required IReadOnlyDictionary<string, string> Identity { get; init; }

    /// <summary>Reads the file of a checkpoint.</summary>
    /// <param name="folder">The checkpoint.</param>
    /// <exception cref="IOException">The file cannot be read.</exception>
    /// <exception cref="InvalidDataException">It is not what <see cref="Write"/> writes.</exception>
    public static RunStateFile Read(string folder)
    {
        var path = Path.Combine(folder, FileName);
        try
        {
            var file = JsonSerializer.Deserialize(File.ReadAllBytes(path), RunStateJson.Default.RunStateFile) ?? throw new InvalidDataException($"{path}: expected an object, got null");
            return file.Version == KnownVersion ? file : throw new InvalidDataException($"{path}: expected version {KnownVersion}, got {file.Version}; another version of this program has written it");
        }
        catch (JsonException exception)
        {
            throw new InvalidDataException($"{path}: expected the state of a run: {exception.Message}", exception);
        }
    }

    /// <summary>Writes the file.</summary>
    /// <param name="folder">A folder that is not visible yet, see <see cref="AtomicFolder"/>.</param>
    public void Write(string folder)
    {
        using var stream = File.Create(Path.Combine(folder, FileName));
        JsonSerializer.Serialize(stream, this, RunStateJson.Default.RunStateFile);
        stream.Flush(flushToDisk: true);
    }

    /// <summary>Demands that a run goes on as it began.</summary>
    /// <param name="identity">What the course of the new run depends on.</param>
    /// <exception cref="InvalidDataException">It differs; the message lists all differences.</exception>
    public void CheckIdentity(IReadOnlyDictionary<string, string> identity)
    {
        ArgumentNullException.ThrowIfNull(identity);
        var differences = Identity.Keys.Union(identity.Keys).Order(StringComparer.Ordinal)
            .Where(name => Identity.GetValueOrDefault(name) != identity.GetValueOrDefault(name))
            .Select(name => $"{name} was {Identity.GetValueOrDefault(name) ?? "not set"}, is {identity.GetValueOrDefault(name) ?? "not set"}")
            .ToList();
        if (differences.Count > 0)
            throw new InvalidDataException($"the run cannot go on as it began: {string.Join("; ", differences)}; use the same settings, or force it");
    }
}

/// <summary>JSON of the state.</summary>
[JsonSourceGenerationOptions(WriteIndented = true, NewLine = "\n", PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals)]
[JsonSerializable(typeof(RunStateFile))]
internal sealed partial class RunStateJson : JsonSerializerContext;
