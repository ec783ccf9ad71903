namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>The classes of all rows.</summary>
/// <param name="Table">Their names.</param>
/// <param name="Ids">Id of each code that a <see cref="ClassCollector"/> has given.</param>
/// <param name="Counts">How often each id has come.</param>
internal sealed record ClassCodes(LabelTable Table, IReadOnlyList<int> Ids, IReadOnlyList<long> Counts)
{
    /// <summary>What the meaning of stored codes depends on, for fingerprints.</summary>
    public string Fingerprint() => $"names={string.Join('\u0001', Table.Names)};ids={string.Join(',', Ids)}";
}
