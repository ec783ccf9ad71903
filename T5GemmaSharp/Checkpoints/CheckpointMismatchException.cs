using System.Text;

namespace T5GemmaSharp.Checkpoints;

/// <summary>A checkpoint differs from the model in a way that the chosen <see cref="Strictness"/> forbids; nothing was loaded.</summary>
public sealed class CheckpointMismatchException : InvalidOperationException
{
    internal CheckpointMismatchException(string path, Strictness strictness, LoadReport report, IReadOnlyList<string> conflictingAliases)
        : base(Describe(path, strictness, report, conflictingAliases))
    {
        Path = path;
        MissingKeys = report.MissingKeys;
        UnexpectedKeys = report.UnexpectedKeys;
        ShapeMismatches = report.ShapeMismatches;
        DTypeMismatches = report.DTypeMismatches;
        ConflictingAliases = conflictingAliases;
    }

    /// <summary>The checkpoint.</summary>
    public string Path { get; }

    /// <summary>The model's keys that the checkpoint lacks.</summary>
    public IReadOnlyList<string> MissingKeys { get; }

    /// <summary>The checkpoint's keys that the model lacks.</summary>
    public IReadOnlyList<string> UnexpectedKeys { get; }

    /// <summary>Tensors that are stored with another shape.</summary>
    public IReadOnlyList<ShapeMismatch> ShapeMismatches { get; }

    /// <summary>Tensors whose stored dtype cannot be cast.</summary>
    public IReadOnlyList<DTypeMismatch> DTypeMismatches { get; }

    /// <summary>The checkpoint's keys of tied weights that are stored twice with different values.</summary>
    public IReadOnlyList<string> ConflictingAliases { get; }

    private static string Describe(string path, Strictness strictness, LoadReport report, IReadOnlyList<string> conflictingAliases)
    {
        var text = new StringBuilder($"{path} does not fit the model (strictness {strictness}); nothing was loaded.");
        KeyList.Append(text, "missing", report.MissingKeys);
        KeyList.Append(text, "unexpected", report.UnexpectedKeys);
        KeyList.Append(text, "of another shape", report.ShapeMismatches);
        KeyList.Append(text, "of another kind of dtype", report.DTypeMismatches);
        KeyList.Append(text, "stored twice with different values although the model ties them", conflictingAliases);
        if (conflictingAliases.Count > 0)
            text.Append("\n  Set tie_word_embeddings to false in config.json to load both.");
        return text.ToString();
    }
}
