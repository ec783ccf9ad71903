using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files.Rows;
using T5GemmaSharp.Training.Data.Files.Storage;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Training.Data.Files;

/// <summary>Pairs of token sequences from files, in temporary files on the disk: the memory does not grow with them. Any thread may read.</summary>
public sealed class Seq2SeqStore : IExampleSource<Seq2SeqExample>, IDisposable
{
    private readonly TokenStore _store;

    private Seq2SeqStore(TokenStore store, DataStatistics statistics) => (_store, Statistics) = (store, statistics);

    /// <summary>Number of examples.</summary>
    public int Count => _store.Count;

    /// <summary>What has been read and cut.</summary>
    public DataStatistics Statistics { get; }

    /// <summary>SHA-256 over the examples and the settings, in hexadecimal digits: a run goes on only with the data that it began with.</summary>
    public string Fingerprint => _store.Fingerprint;

    /// <inheritdoc/>
    public Seq2SeqExample this[int epoch, int index] => new(_store.First(index), _store.Second(index));

    /// <summary>Reads pairs of texts: the encoder's as the tokenizer's files say, the target without bos and with eos.</summary>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">Keys, limits and threads; null: the defaults.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">An option is out of range, or the tokenizer has no eos.</exception>
    /// <exception cref="IOException">A file cannot be read, or the disk is full.</exception>
    public static Seq2SeqStore OfPairs(IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions? options = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new DataFileOptions();
        if (tokenizer.EosId is null)
            throw new ArgumentException("tokenizer: expected one with eos, which ends every target", nameof(tokenizer));
        return Create(files, RowFormats.Pairs, row => [PairExamples.Create(tokenizer, row.Input, row.Target, options.ParseSpecial)], tokenizer, options, cancellation);
    }

    /// <summary>Reads conversations: an example for each answer, whose encoder reads all turns before it, see <see cref="ChatExamples.Expand"/>.</summary>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer with its default chat template.</param>
    /// <param name="options">Keys, limits and threads; null: the defaults. Unless they say otherwise a long conversation loses its start: its end is what is answered.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">A file cannot be read, or the disk is full.</exception>
    public static Seq2SeqStore OfChats(IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions? options = null, CancellationToken cancellation = default)
    {
        options ??= new DataFileOptions();
        options = options with { SourceTruncation = options.SourceTruncation ?? TruncationSide.Left };
        return Create(files, RowFormats.Chats, row => ChatExamples.Expand(tokenizer, row.Turns, parseSpecialInContent: options.ParseSpecial), tokenizer, options, cancellation);
    }

    /// <summary>Reads rows and makes examples of them, for example several of a conversation.</summary>
    /// <typeparam name="TRow">What a row holds.</typeparam>
    /// <param name="files">The files.</param>
    /// <param name="format">What a row is, one of <see cref="RowFormats"/>.</param>
    /// <param name="encode">Makes the examples of a row; several threads call it. What it throws becomes the exception of the row.</param>
    /// <param name="tokenizer">The tokenizer, whose bos and special tokens stay when an example is cut.</param>
    /// <param name="options">Keys, limits and threads; null: the defaults.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">A file cannot be read, or the disk is full.</exception>
    public static Seq2SeqStore Create<TRow>(
        IReadOnlyList<string> files,
        RowFormat<TRow> format,
        Func<TRow, IReadOnlyList<Seq2SeqExample>> encode,
        T5GemmaTokenizer tokenizer,
        DataFileOptions? options = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(encode);
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new DataFileOptions();
        options.Validate();
        var store = new TokenStore(options.TemporaryFolder);
        var writer = new ExampleWriter(tokenizer, store, options);
        StoreFiller.Fill(
            store,
            new DataSource<TRow>(files, format, options, cancellation),
            encode,
            (place, example) => writer.AddPair(place, example.InputIds, example.Labels),
            () => $"seq2seq;{options.Fingerprint()}");
        return new Seq2SeqStore(store, writer.Statistics);
    }

    /// <inheritdoc/>
    public int CountOf(int epoch) => Count;

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index)
    {
        var example = _store[index];
        return new ExampleLength(example.First, example.Second);
    }

    /// <summary>Deletes the temporary files.</summary>
    public void Dispose() => _store.Dispose();
}
