namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>Reads files by the form that their names say.</summary>
internal static class RowSource
{
    private const string Compressed = ".gz";
    private static readonly string[] JsonNames = [".jsonl", ".ndjson", ".json"];
    private static readonly string[] TextNames = [".txt"];
    private static readonly string[] ParquetNames = [".parquet"];

    /// <summary>The rows of several files, one file after the other.</summary>
    /// <exception cref="DataFormatException">A file is not what was expected; the rows before it have come.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static IEnumerable<RawRow> Read(IReadOnlyList<string> files, DataFileOptions options) => files.SelectMany(file => Read(file, options));

    private static IEnumerable<RawRow> Read(string file, DataFileOptions options)
    {
        var name = file.EndsWith(Compressed, StringComparison.OrdinalIgnoreCase) ? file[..^Compressed.Length] : file;
        if (EndsWith(name, JsonNames))
            return JsonLineRows.Read(file, options);
        if (EndsWith(name, TextNames))
            return TextDocuments.Read(file, options);
        if (EndsWith(file, ParquetNames))
            return ParquetRows.Read(file);
        throw DataFormatException.Of(file, $"expected a name that ends in {string.Join(", ", [.. JsonNames, .. TextNames])}, each also with {Compressed}, or in {ParquetNames[0]}");
    }

    private static bool EndsWith(string name, string[] ends) => ends.Any(end => name.EndsWith(end, StringComparison.OrdinalIgnoreCase));
}
