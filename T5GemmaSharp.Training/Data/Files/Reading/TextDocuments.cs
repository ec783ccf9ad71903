using System.Text;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>Documents of plain text, parted by blank lines.</summary>
internal static class TextDocuments
{
    public static IEnumerable<RawRow> Read(string file, DataFileOptions options)
    {
        using var lines = new FileLines(file, options.MaximumLineLength);
        while (Next(lines, options.MaximumLineLength) is { } document)
            yield return document;
    }

    private static RawRow? Next(FileLines lines, int maximumLength)
    {
        var text = new StringBuilder();
        var start = default(RowPlace);
        while (lines.TryTake(out var bytes))
        {
            var line = Decode(bytes, lines.Place);
            if (string.IsNullOrWhiteSpace(line))
            {
                if (text.Length > 0)
                    break;
                continue;
            }

            start = text.Length == 0 ? lines.Place : start;
            text.Append(text.Length == 0 ? "" : "\n").Append(line);
            if (text.Length > maximumLength)
                throw DataFormatException.At(start, $"expected a document of at most {maximumLength} characters, it is longer; part documents with blank lines");
        }

        return text.Length == 0 ? null : new RawRow(start, Json: default, text.ToString());
    }

    private static string Decode(ReadOnlySpan<byte> line, RowPlace place)
    {
        try
        {
            return StrictUtf8.GetString(line);
        }
        catch (FormatException exception)
        {
            throw DataFormatException.At(place, exception.Message, exception);
        }
    }
}
