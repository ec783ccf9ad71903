namespace T5GemmaSharp.Checkpoints;

/// <summary>The index of a sharded checkpoint is malformed, or does not agree with its shards.</summary>
public sealed class CheckpointFormatException : FormatException
{
    internal CheckpointFormatException(string path, string? key, string expected, string actual, Exception? innerException = null)
        : base($"{path}: {(key is null ? "" : $"{SafetensorsFormatException.Quote(key)}: ")}expected {expected}, got {actual}.", innerException)
    {
        Path = path;
        Key = key;
        Expected = expected;
        Actual = actual;
    }

    /// <summary>The index, or the shard that does not agree with it.</summary>
    public string Path { get; }

    /// <summary>The key or field concerned, or null when the fault is in none.</summary>
    public string? Key { get; }

    /// <summary>What was expected.</summary>
    public string Expected { get; }

    /// <summary>What the file has.</summary>
    public string Actual { get; }
}
