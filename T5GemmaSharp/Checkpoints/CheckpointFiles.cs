using System.Text.RegularExpressions;

namespace T5GemmaSharp.Checkpoints;

/// <summary>The file names of a Hugging Face checkpoint.</summary>
internal static partial class CheckpointFiles
{
    public const string Single = "model.safetensors";
    public const string Index = "model.safetensors.index.json";

    /// <summary>The name of one shard, counted from 1.</summary>
    public static string Shard(int number, int count) => $"model-{number:D5}-of-{count:D5}.safetensors";

    /// <summary>True for the names that a save may have left.</summary>
    public static bool IsWeights(string name) => name is Single or Index || ShardName().IsMatch(name);

    [GeneratedRegex(@"^model-\d{5}-of-\d{5}\.safetensors\z", RegexOptions.CultureInvariant)]
    private static partial Regex ShardName();
}
