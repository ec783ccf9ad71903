using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files.Rows;
using T5GemmaSharp.Training.Data.Files.Storage;

namespace T5GemmaSharp.Training.Data.Files.Labels;

/// <summary>Labelled texts from files, in temporary files on the disk: the memory does not grow with them. Any thread may read.</summary>
public sealed class SequenceClassificationStore : IExampleSource<SequenceClassificationExample>, IDisposable
{
    private readonly TokenStore _store;
    private readonly ClassCodes? _codes;

    private SequenceClassificationStore(TokenStore store, DataStatistics statistics, ProblemType problem, ClassCodes? codes)
        => (_store, Statistics, Problem, _codes) = (store, statistics, problem, codes);

    /// <summary>Number of examples.</summary>
    public int Count => _store.Count;

    /// <summary>What has been read and cut.</summary>
    public DataStatistics Statistics { get; }

    /// <summary>SHA-256 over the examples, the classes and the settings, in hexadecimal digits.</summary>
    public string Fingerprint => _store.Fingerprint;

    /// <summary>What is to be learned: one class, several, or a number.</summary>
    public ProblemType Problem { get; }

    /// <summary>The classes; null for a number.</summary>
    public LabelTable? Labels => _codes?.Table;

    /// <summary>How many rows have each class, those left out included; null for a number.</summary>
    public IReadOnlyList<long>? LabelCounts => _codes?.Counts;

    /// <inheritdoc/>
    public SequenceClassificationExample this[int epoch, int index]
    {
        get
        {
            var stored = _store.Second(index);
            return _codes is null
                ? new SequenceClassificationExample(_store.First(index), Classes: [], StoredLabel.ReadValue(stored))
                : new SequenceClassificationExample(_store.First(index), [.. StoredLabel.ReadCodes(stored).ToArray().Select(code => _codes.Ids[code])], Value: null);
        }
    }

    /// <summary>Reads labelled texts.</summary>
    /// <remarks>Of a pair, the texts are encoded one by one as the tokenizer's files say and put one behind the other, as in Gemma's template of pairs.</remarks>
    /// <param name="files">The files.</param>
    /// <param name="tokenizer">The tokenizer.</param>
    /// <param name="options">Keys, limits and threads; null: the defaults.</param>
    /// <param name="labels">The classes; null: those that the rows have, names in ordinal order, ids up to the greatest.</param>
    /// <param name="problem">What is to be learned; null: what the labels look like. Regression has no <paramref name="labels"/>.</param>
    /// <param name="cancellation">Stops reading.</param>
    /// <exception cref="DataFormatException">A row is not what was expected; the message names file, line and key.</exception>
    /// <exception cref="ArgumentException">An option is out of range.</exception>
    /// <exception cref="IOException">A file cannot be read, or the disk is full.</exception>
    public static SequenceClassificationStore Create(
        IReadOnlyList<string> files,
        T5GemmaTokenizer tokenizer,
        DataFileOptions? options = null,
        LabelTable? labels = null,
        ProblemType? problem = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(tokenizer);
        options ??= new DataFileOptions();
        options.Validate();
        var store = new TokenStore(options.TemporaryFolder);
        var writer = new ExampleWriter(tokenizer, store, options);
        var classes = new ClassCollector(labels);
        var kinds = new LabelKinds(hasTable: labels is not null, problem);
        var codes = default(ClassCodes);
        StoreFiller.Fill<LabelledTextRow, (int[] Ids, RowLabel Label)>(
            store,
            new DataSource<LabelledTextRow>(files, RowFormats.LabelledTexts, options, cancellation),
            row => [([.. Encode(row.Text), .. row.SecondText is null ? [] : Encode(row.SecondText)], row.Label)],
            Add,
            Finish);
        return new SequenceClassificationStore(store, writer.Statistics, kinds.Problem!.Value, codes); // there is a row

        int[] Encode(string text) => tokenizer.Encode(text, parseSpecial: options.ParseSpecial);

        void Add(RowPlace place, (int[] Ids, RowLabel Label) row)
        {
            kinds.Add(row.Label);
            writer.AddLabelled(place, row.Ids, StoredLabel.Write(row.Label, kinds.Problem == ProblemType.Regression ? null : classes));
        }

        string Finish()
        {
            codes = kinds.Problem == ProblemType.Regression ? null : classes.Finish();
            return $"sequence;{options.Fingerprint()};{kinds.Problem};{codes?.Fingerprint()}";
        }
    }

    /// <inheritdoc/>
    public int CountOf(int epoch) => Count;

    /// <inheritdoc/>
    public ExampleLength LengthOf(int epoch, int index) => new(_store[index].First, Decoder: 0);

    /// <summary>Deletes the temporary files.</summary>
    public void Dispose() => _store.Dispose();
}
