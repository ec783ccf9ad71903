using T5GemmaSharp.Tokenization.Chat;
using T5GemmaSharp.Training.Data.Files.Reading;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Data.Files;

/// <summary>Reads the rows of data files: JSON lines and plain text, each also compressed with gzip, and Parquet.</summary>
public static class DataReader
{
    /// <summary>Reads rows one after the other, holding one at a time (of Parquet a row group).</summary>
    /// <typeparam name="TRow">What a row holds.</typeparam>
    /// <param name="files">The files; their names say what they are.</param>
    /// <param name="format">What a row is, one of <see cref="RowFormats"/>.</param>
    /// <param name="options">Keys and limits; null: the defaults.</param>
    /// <exception cref="ArgumentException">An option is out of range, or a mapped field is not one of the task.</exception>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key. It comes while the rows are taken.</exception>
    /// <exception cref="IOException">There is no such file, or it cannot be read.</exception>
    public static IEnumerable<DataRow<TRow>> Read<TRow>(IReadOnlyList<string> files, RowFormat<TRow> format, DataFileOptions? options = null)
    {
        options = Check(files, format, options);
        return RowSource.Read(files, options).Select(row => new DataRow<TRow>(row.Place, Parse(row, format, options.Map)));
    }

    /// <summary>Reads rows and turns them into something else on several threads; the order stays that of the files.</summary>
    /// <exception cref="DataFormatException">A row is not what was expected, or the function does not take it.</exception>
    internal static IEnumerable<DataRow<TResult>> Read<TRow, TResult>(IReadOnlyList<string> files, RowFormat<TRow> format, Func<TRow, IReadOnlyList<TResult>> function, DataFileOptions options)
    {
        Check(files, format, options);
        return OrderedParallel.Select(RowSource.Read(files, options), Turn, options.Threads);

        IReadOnlyList<DataRow<TResult>> Turn(RawRow row)
        {
            var value = Parse(row, format, options.Map);
            try
            {
                return [.. function(value).Select(result => new DataRow<TResult>(row.Place, result))];
            }
            catch (Exception exception) when (exception is ChatTemplateException or FormatException or ArgumentException or InvalidOperationException)
            {
                throw DataFormatException.At(row.Place, exception.Message, exception);
            }
        }
    }

    private static DataFileOptions Check<TRow>(IReadOnlyList<string> files, RowFormat<TRow> format, DataFileOptions? options)
    {
        ArgumentNullException.ThrowIfNull(files);
        ArgumentNullException.ThrowIfNull(format);
        options ??= new DataFileOptions();
        options.Validate();
        options.Map.Demand(format.Fields);
        return files.Count > 0 ? options : throw new ArgumentException("files: expected at least one, got none", nameof(files));
    }

    private static TRow Parse<TRow>(RawRow row, RowFormat<TRow> format, KeyMap map)
    {
        try
        {
            if (row.Text is not null)
                return format.ReadText(row.Text);
            using var json = JsonFields.Parse(row.Json);
            return format.Read(json.RootElement, map);
        }
        catch (FormatException exception)
        {
            throw DataFormatException.At(row.Place, exception.Message, exception);
        }
    }
}
