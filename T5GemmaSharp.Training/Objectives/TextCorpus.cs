namespace T5GemmaSharp.Training.Objectives;

/// <summary>Tokenized documents in memory. Immutable.</summary>
public sealed class TextCorpus : ITextCorpus
{
    private readonly int[][] _documents;
    private readonly long[] _starts; // place of each document's first token
    private readonly int _eosId;

    /// <summary>Joins documents.</summary>
    /// <param name="documents">Ids of each document, without bos and eos; empty ones are left out. The arrays are not copied.</param>
    /// <param name="eosId">Id of eos.</param>
    public TextCorpus(IReadOnlyList<int[]> documents, int eosId)
    {
        ArgumentNullException.ThrowIfNull(documents);
        _documents = [.. documents.Where(document => document.Length > 0)];
        _eosId = eosId;
        _starts = new long[_documents.Length];
        for (var index = 1; index < _documents.Length; index++)
            _starts[index] = _starts[index - 1] + _documents[index - 1].Length + 1; // 1 for eos
        Length = _documents.Length == 0 ? 0 : _starts[^1] + _documents[^1].Length;
    }

    /// <inheritdoc/>
    public long Length { get; }

    /// <inheritdoc/>
    public IReadOnlyList<int[]> Documents => _documents;

    /// <inheritdoc/>
    public int[] Slice(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, Length, nameof(length));
        var ids = new int[length];
        if (length == 0)
            return ids;
        var found = Array.BinarySearch(_starts, start);
        var document = found >= 0 ? found : ~found - 1;
        for (var filled = 0; filled < length; document++)
        {
            var rest = _documents[document].AsSpan((int)(start + filled - _starts[document])..);
            var count = Math.Min(rest.Length, length - filled);
            rest[..count].CopyTo(ids.AsSpan(filled));
            filled += count;
            if (filled < length)
                ids[filled++] = _eosId;
        }

        return ids;
    }
}
