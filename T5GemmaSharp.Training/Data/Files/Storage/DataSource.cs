using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>What is read, and how.</summary>
internal sealed record DataSource<TRow>(IReadOnlyList<string> Files, RowFormat<TRow> Format, DataFileOptions Options, CancellationToken Cancellation);
