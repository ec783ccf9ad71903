namespace T5GemmaSharp.Training.Data.Files;

/// <summary>A row of a data file.</summary>
/// <typeparam name="TRow">What it holds.</typeparam>
/// <param name="Place">Where it stands.</param>
/// <param name="Value">What it holds.</param>
public readonly record struct DataRow<TRow>(RowPlace Place, TRow Value);
