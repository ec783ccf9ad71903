using System.Collections;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files.Rows;
using T5GemmaSharp.Training.Data.Files.Storage;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Training.Data.Files;

/// <summary>
/// Tokenized documents from files, in temporary files on the disk: each alone, or all as one long text with eos between them, of which any part can be read. The memory does not
/// grow with them. Any thread may read.
/// </summary>
public sealed class DocumentStore : IReadOnlyList<int[]>, ITextCorpus, IDisposable
{
    private readonly TokenStore _store;

    private DocumentStore(TokenStore store, int eosId, DataStatistics statistics) => (_store, EosId, Statistics) = (store, eosId, statistics);

    /// <summary>Number of documents; those without a token have been left out.</summary>
    public int Count => _store.Count;

    /// <inheritdoc/>
    public long Length => _store.Length - 1; // one eos is behind the last document

    IReadOnlyList<int[]> ITextCorpus.Documents => this;

    /// <summary>Id of the token between documents.</summary>
    public int EosId { get; }

    /// <summary>What has been read.</summary>
    public DataStatistics Statistics { get; }

    /// <summary>SHA-256 over the documents and the settings, in hexadecimal digits.</summary>
    public string Fingerprint => _store.Fingerprint;

    /// <summary>Ids of a document, without bos and eos.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    public int[] this[int index] => _store.First(index);

    /// <summary>Reads documents.</summary>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">Keys and threads; null: the defaults. Nothing is cut.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">An option is out of range, or the tokenizer has no eos.</exception>
    /// <exception cref="IOException">A file cannot be read, or the disk is full.</exception>
    public static DocumentStore Create(IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new DataFileOptions();
        options.Validate();
        var eosId = tokenizer.EosId ?? throw new ArgumentException("tokenizer: expected one with eos, which stands between documents", nameof(tokenizer));
        var store = new TokenStore(options.TemporaryFolder);
        var statistics = new DataStatistics();
        StoreFiller.Fill<TextRow, int[]>(
            store,
            new DataSource<TextRow>(files, RowFormats.Texts, options, cancellation),
            row => [tokenizer.Encode(row.Text, addBos: false, addEos: false, options.ParseSpecial)],
            Add,
            () => $"documents;special={options.ParseSpecial};eos={eosId}");
        return new DocumentStore(store, eosId, statistics);

        void Add(RowPlace place, int[] ids)
        {
            statistics.Read++;
            statistics.SourceLengths.Add(ids.Length);
            if (ids.Length == 0)
                statistics.Dropped++;
            else
                store.Append(ids, [eosId]);
        }
    }

    /// <summary>Tokens of a document.</summary>
    /// <exception cref="ArgumentOutOfRangeException">There is no such document.</exception>
    public int LengthOf(int index) => _store[index].First;

    /// <inheritdoc/>
    public int[] Slice(long start, int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(start);
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start + length, Length, nameof(length));
        return _store.Read(start, length);
    }

    /// <inheritdoc/>
    public IEnumerator<int[]> GetEnumerator() => Enumerable.Range(0, Count).Select(index => this[index]).GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Deletes the temporary files.</summary>
    public void Dispose() => _store.Dispose();
}
