using System.Text;

namespace T5GemmaSharp.Checkpoints;

/// <summary>What was loaded, and where the checkpoint differs from the model. Lists are in the model's or the file's order.</summary>
/// <remarks>HF: the <c>output_loading_info</c> of <c>from_pretrained</c>.</remarks>
public sealed record LoadReport
{
    /// <summary>The model's tensors that took their values from the checkpoint.</summary>
    public int LoadedCount { get; init; }

    /// <summary>The model's keys that the checkpoint lacks.</summary>
    public IReadOnlyList<string> MissingKeys { get; init; } = [];

    /// <summary>The checkpoint's keys that the model lacks.</summary>
    public IReadOnlyList<string> UnexpectedKeys { get; init; } = [];

    /// <summary>Tensors that are stored with another shape.</summary>
    public IReadOnlyList<ShapeMismatch> ShapeMismatches { get; init; } = [];

    /// <summary>Tensors whose stored dtype cannot be cast.</summary>
    public IReadOnlyList<DTypeMismatch> DTypeMismatches { get; init; } = [];

    /// <summary>The model's key by the checkpoint's, where they differ by a leading <c>model.</c>.</summary>
    public IReadOnlyDictionary<string, string> RenamedKeys { get; init; } = new Dictionary<string, string>();

    /// <summary>The model's keys that got fresh values: those missing, and those that mismatch.</summary>
    public IReadOnlyList<string> InitializedKeys { get; init; } = [];

    /// <summary>Why tensors on a CUDA device were filled one after the other and not by several threads at once; null where they were, or none is on one.</summary>
    public string? TransferFallback { get; init; }

    /// <summary>A summary with the first ten of each list.</summary>
    public override string ToString()
    {
        var text = new StringBuilder($"{LoadedCount} tensors loaded");
        KeyList.Append(text, "missing", MissingKeys);
        KeyList.Append(text, "unexpected", UnexpectedKeys);
        KeyList.Append(text, "of another shape", ShapeMismatches);
        KeyList.Append(text, "of another kind of dtype", DTypeMismatches);
        KeyList.Append(text, "renamed", RenamedKeys.Select(pair => $"{pair.Key} -> {pair.Value}").ToArray());
        KeyList.Append(text, "initialised", InitializedKeys);
        return text.ToString();
    }
}
