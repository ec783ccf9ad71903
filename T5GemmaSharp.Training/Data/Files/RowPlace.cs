namespace T5GemmaSharp.Training.Data.Files;

/// <summary>Where a row stands.</summary>
/// <param name="File">The file, as it was named.</param>
/// <param name="Row">Number of its line, of a document's first line, or of a row of a Parquet file, from 1.</param>
/// <param name="IsLine">Whether that is a line.</param>
public readonly record struct RowPlace(string File, long Row, bool IsLine = true)
{
    /// <summary>The place for messages: <c>train.jsonl: line 3</c>.</summary>
    public override string ToString() => $"{File}: {(IsLine ? "line" : "row")} {Row}";
}
