namespace T5GemmaSharp.Training.Tokenization;

/// <summary>Where a text comes from that is not on the command line: a file, or standard input.</summary>
internal static class TextInput
{
    private static readonly string[] JsonExtensions = [".jsonl", ".json", ".ndjson"];

    /// <summary>The input's name, for messages.</summary>
    public static string Name(string? file) => file ?? "standard input";

    /// <summary>Whether the lines of a file are JSON, by its name.</summary>
    public static bool IsJson(string file) => JsonExtensions.Contains(Path.GetExtension(file), StringComparer.OrdinalIgnoreCase);

    /// <summary>Opens the input.</summary>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static Stream Open(string? file)
        => file is null ? Console.OpenStandardInput() : new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.Read, bufferSize: 0, FileOptions.SequentialScan);

    /// <summary>Reads the whole input as UTF-8; every character of it counts, a byte-order mark too.</summary>
    /// <exception cref="FormatException">It is not UTF-8.</exception>
    public static string ReadAll(string? file)
    {
        using var bytes = new MemoryStream();
        using (var input = Open(file))
            input.CopyTo(bytes);
        try
        {
            return StrictUtf8.GetString(bytes.GetBuffer().AsSpan(0, (int)bytes.Length));
        }
        catch (FormatException exception)
        {
            throw new FormatException($"{Name(file)}: {exception.Message}", exception);
        }
    }
}
