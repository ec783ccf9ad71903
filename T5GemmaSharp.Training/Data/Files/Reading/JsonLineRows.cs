namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>A row a line; blank lines are none.</summary>
internal static class JsonLineRows
{
    public static IEnumerable<RawRow> Read(string file, DataFileOptions options)
    {
        using var lines = new FileLines(file, options.MaximumLineLength);
        while (Next(lines) is { } row)
            yield return row;
    }

    private static RawRow? Next(FileLines lines)
    {
        while (lines.TryTake(out var line))
        {
            if (!line.Trim(" \t"u8).IsEmpty)
                return new RawRow(lines.Place, line.ToArray());
        }

        return null;
    }
}
