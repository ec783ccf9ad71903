namespace T5GemmaSharp.Training.Data.Files;

/// <summary>A data file is not what was expected.</summary>
public sealed class DataFormatException : FormatException
{
    private DataFormatException(string message, string file, long? row, Exception? cause)
        : base(message, cause) => (File, Row) = (file, row);

    /// <summary>The file, as it was named.</summary>
    public string File { get; }

    /// <summary>Number of the line, or in a Parquet file of the row, from 1; null: the fault is not that of one row.</summary>
    public long? Row { get; }

    /// <summary>The exception of a row.</summary>
    internal static DataFormatException At(RowPlace place, string problem, Exception? cause = null) => new($"{place}: {problem}", place.File, place.Row, cause);

    /// <summary>The exception of a whole file.</summary>
    internal static DataFormatException Of(string file, string problem, Exception? cause = null) => new($"{file}: {problem}", file, row: null, cause);
}
