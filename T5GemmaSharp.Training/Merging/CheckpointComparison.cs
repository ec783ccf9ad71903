using System.Text.Json;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Training.Checkpointing;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Merging;

/// <summary>Finds all in which models differ besides the values of their weights.</summary>
internal static class CheckpointComparison
{
    // These concern training or files only, not what the weights mean.
    private static readonly HashSet<string> Free =
    [
        "dropout_rate", "classifier_dropout_rate", "attention_dropout", "initializer_range", "max_position_embeddings", "use_cache", "dtype", "transformers_version",
    ];

    /// <summary>Demands that models have the same tensors and configuration as the first.</summary>
    /// <param name="models">Their folders.</param>
    /// <param name="readers">Their checkpoints, in the same order.</param>
    /// <exception cref="InvalidDataException">They do not, or a tensor holds no floating-point numbers; the message lists all.</exception>
    public static void Demand(IReadOnlyList<string> models, IReadOnlyList<CheckpointReader> readers)
    {
        var faults = readers[0].Keys.Select(readers[0].GetEntry).Where(entry => !IsFloating(entry.DType))
            .Select(entry => $"{models[0]}: {entry.Name}: expected floating-point numbers, got {entry.DType}").ToList();
        var settings = Settings(models[0]);
        for (var index = 1; index < models.Count; index++)
        {
            faults.AddRange(ConfigurationFaults(settings, Settings(models[index])).Concat(TensorFaults(readers[0], readers[index])).Select(fault => $"{models[index]}: {fault}"));
        }

        if (faults.Count > 0)
            throw new InvalidDataException($"the models do not fit together: {string.Join("; ", faults)}");
    }

    private static bool IsFloating(ScalarType dtype)
        => dtype is ScalarType.Float16 or ScalarType.BFloat16 or ScalarType.Float32 or ScalarType.Float64;

    private static IEnumerable<string> TensorFaults(CheckpointReader first, CheckpointReader other)
    {
        foreach (var expected in first.Keys.Select(first.GetEntry))
        {
            if (!other.TryGetEntry(expected.Name, out var actual))
                yield return $"{expected.Name} is missing";
            else if (actual.DType != expected.DType || !actual.Shape.SequenceEqual(expected.Shape))
                yield return $"{expected.Name}: expected {Describe(expected)}, got {Describe(actual)}";
        }

        foreach (var key in other.Keys.Where(key => !first.TryGetEntry(key, out _)))
            yield return $"{key} is not in {first.Path}";
    }

    private static string Describe(SafetensorsEntry entry) => $"{entry.DType} [{string.Join(", ", entry.Shape)}]";

    private static IEnumerable<string> ConfigurationFaults(SortedDictionary<string, string> first, SortedDictionary<string, string> other)
        => first.Keys.Union(other.Keys).Where(name => first.GetValueOrDefault(name) != other.GetValueOrDefault(name))
            .Select(name => $"{T5GemmaConfig.FileName}: {name}: expected {first.GetValueOrDefault(name) ?? "none"}, got {other.GetValueOrDefault(name) ?? "none"}");

    private static SortedDictionary<string, string> Settings(string folder)
    {
        var all = new SortedDictionary<string, string>(StringComparer.Ordinal);
        using var config = JsonDocument.Parse(T5GemmaConfig.FromPretrained(folder).ToJson());
        all.AddMembers(config.RootElement, Free);
        return all;
    }
}
