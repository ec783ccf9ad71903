using System.Text.Json;
using T5GemmaSharp.Checkpoints;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Parity;

/// <summary>One folder written by <c>scripts/export_reference.py</c>: checkpoints, and what transformers computed with them.</summary>
internal sealed class ParityFolder
{
    private static readonly Lazy<IReadOnlyList<ParityFolder>> Found = new(Find);

    private readonly SafetensorsFile _cases;

    private ParityFolder(string path)
    {
        Path = path;
        _cases = SafetensorsFile.Open(System.IO.Path.Combine(path, "cases.safetensors"));
        Keys = _cases.Entries.Select(entry => entry.Name).ToHashSet(StringComparer.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(System.IO.Path.Combine(path, "cases.json")));
        Cases = json.RootElement.EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.Clone(), StringComparer.Ordinal);
    }

    /// <summary>The committed folders and those under <c>T5GEMMA_PARITY_DIR</c>.</summary>
    public static IReadOnlyList<ParityFolder> All => Found.Value;

    /// <summary>Device of the replay: <c>T5GEMMA_TEST_DEVICE</c>, or else the CPU.</summary>
    public static Device Device { get; } = new(Environment.GetEnvironmentVariable("T5GEMMA_TEST_DEVICE") ?? "cpu");

    public string Path { get; }

    public string Name => System.IO.Path.GetFileName(Path);

    public IReadOnlySet<string> Keys { get; }

    /// <summary>Arguments of the generation cases by <c>gen.NAME.PAD</c>.</summary>
    public IReadOnlyDictionary<string, JsonElement> Cases { get; }

    /// <summary>Reads a stored tensor onto the device of the replay.</summary>
    public Tensor Read(string key) => _cases.Read(key).to(Device);

    /// <summary>Whether any key begins like this.</summary>
    public bool Has(string prefix) => Keys.Any(key => key.StartsWith(prefix, StringComparison.Ordinal));

    /// <summary>The folder of a model: <c>lm</c>, <c>seqcls.enc</c> and so on.</summary>
    public string Checkpoint(string name) => System.IO.Path.Combine(Path, name);

    public override string ToString() => Name;

    private static List<ParityFolder> Find()
    {
        var roots = new List<string> { System.IO.Path.Combine(AppContext.BaseDirectory, "Fixtures", "Parity") };
        if (Environment.GetEnvironmentVariable("T5GEMMA_PARITY_DIR") is { Length: > 0 } more)
            roots.Add(Directory.Exists(more) ? more : throw new DirectoryNotFoundException($"T5GEMMA_PARITY_DIR: {more} does not exist"));
        return [.. roots.SelectMany(Directory.GetDirectories).Where(path => File.Exists(System.IO.Path.Combine(path, "cases.safetensors")))
            .Order(StringComparer.Ordinal).Select(path => new ParityFolder(path))];
    }
}
