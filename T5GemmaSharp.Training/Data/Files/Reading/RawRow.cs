namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>A row that has been read but not yet understood.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Json">Its JSON; empty where there is a text.</param>
/// <param name="Text">A document of plain text; null where there is JSON.</param>
internal readonly record struct RawRow(RowPlace Place, ReadOnlyMemory<byte> Json, string? Text = null)
{
    /// <summary>Bytes that it holds.</summary>
    public long Size => Json.Length + (2L * (Text?.Length ?? 0));
}
