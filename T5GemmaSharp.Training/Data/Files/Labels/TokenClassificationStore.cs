using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files.Rows;
using T5GemmaSharp.Training.Data.Files.Storage;

namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>Tokens with labels from files, in temporary files on the disk: the memory does not grow with them. Any thread may read.</summary>
public sealed class TokenClassificationStore : IExampleSource<TokenClassificationExample>, IDisposable
{
    private const int Ignored = (int)Seq2SeqBatch.IgnoreIndex;

    private readonly TokenStore _store;
    private readonly ClassCodes _codes;

    private TokenClassificationStore(TokenStore store, DataStatistics statistics, ClassCodes codes) => (_store, Statistics, _codes) = (store, statistics, codes);

    /// <summary>Number of examples.</summary>
    public int Count => _store.Count;

    /// <summary>What has been read and cut.</summary>
    public DataStatistics Statistics { get; }

    /// <summary>SHA-256 over the examples, the classes and the settings, in hexadecimal digits.</summary>
    public string Fingerprint => _store.Fingerprint;

    /// <summary>The classes.</summary>
    public LabelTable Labels => _codes.Table;

    /// <summary>How many words have each class, those cut or left out included.</summary>
    public IReadOnlyList<long> LabelCounts => _codes.Counts;

    /// <inheritdoc/>
    public TokenClassificationExample this[int epoch, int index]
        => new(_store.First(index), [.. _store.Second(index).Select(code => code == Ignored ? Ignored : _codes.Ids[code])]);

    /// <summary>Reads words with labels. The words are joined by spaces; the first token of a word has its label.</summary>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">Keys, limits and threads; null: the defaults. Long examples lose their end.</param>
    /// <param name="labels">The classes; null: those that the rows have, names in ordinal order, ids up to the greatest.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">A file cannot be read, or the disk is full.</exception>
    public static TokenClassificationStore Create(
        IReadOnlyList<string> files, T5GemmaTokenizer tokenizer, DataFileOptions? options = null, LabelTable? labels = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new DataFileOptions();
        options.Validate();
        var store = new TokenStore(options.TemporaryFolder);
        var writer = new ExampleWriter(tokenizer, store, options);
        var classes = new ClassCollector(labels);
        var codes = default(ClassCodes);
        StoreFiller.Fill<TaggedTokensRow, (int[] Ids, int[] Words, IReadOnlyList<RowLabel> Labels)>(
            store,
            new DataSource<TaggedTokensRow>(files, RowFormats.TaggedTokens, options, cancellation),
            Encode,
            Add,
            Finish);
        return new TokenClassificationStore(store, writer.Statistics, codes!); // Fill has called Finish

        IReadOnlyList<(int[] Ids, int[] Words, IReadOnlyList<RowLabel> Labels)> Encode(TaggedTokensRow row)
        {
            var (ids, words) = WordTokens.Encode(tokenizer, row.Words, options.ParseSpecial);
            return [(ids, words, row.Labels)];
        }

        void Add(RowPlace place, (int[] Ids, int[] Words, IReadOnlyList<RowLabel> Labels) row)
        {
            int[] codesOfWords = [.. row.Labels.Select(label => label.Id == Ignored ? Ignored : classes.CodeOf(label))];
            if (codesOfWords.All(code => code == Ignored))
                throw new FormatException($"label: expected one word or more with a label, got none among {codesOfWords.Length} words");
            writer.AddTagged(place, row.Ids, [.. row.Words.Select(word => word == WordTokens.NoWord ? Ignored : codesOfWords[word])]);
        }

        string Finish()
        {
            codes = classes.Finish();
            return $"tokens;{options.Fingerprint()};{codes.Fingerprint()}";
        }
    }

    /// <inheritdoc/>
    public int CountOf(int epoch) => Count;

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => new(_store[index].First, Decoder: 0);

    /// <summary>Deletes the temporary files.</summary>
    public void Dispose() => _store.Dispose();
}
