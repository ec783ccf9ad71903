using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Training.Recipes.G2p;

/// <summary>Grapheme-to-phoneme conversion: from the letters of an English word to its phonemes.</summary>
public sealed class G2pRecipe
{
    /// <summary>Longest answer in tokens; the longest pronunciation of the dictionary has 28 phonemes.</summary>
    public const int MaxNewTokens = 32;

    /// <summary>Name of the recipe, for folders.</summary>
    public const string Name = "g2p";

    private const string ResourcePrefix = "T5GemmaSharp.Training.Recipes.G2p.";

    private readonly ILookup<DataSplit, PronunciationEntry> _words;

    private G2pRecipe(T5GemmaTokenizer tokenizer, IEnumerable<PronunciationEntry> words)
    {
        Tokenizer = tokenizer;
        _words = words.ToLookup(entry => CmuPronunciations.SplitOf(entry.Word));
    }

    /// <summary>The tokenizer: a letter is a token, and so is a phoneme with the space before it.</summary>
    public T5GemmaTokenizer Tokenizer { get; }

    /// <summary>Reads the embedded data.</summary>
    public static G2pRecipe Load() => new(LoadTokenizer(), CmuPronunciations.Load());

    /// <summary>Reads the embedded tokenizer.</summary>
    public static T5GemmaTokenizer LoadTokenizer()
        => T5GemmaTokenizer.FromJson(Resources.Read(ResourcePrefix + "tokenizer.json"), Resources.Read(ResourcePrefix + "tokenizer_config.json"));

    /// <summary>The words of a part of the dictionary.</summary>
    /// <param name="split">The part.</param>
    public IReadOnlyList<PronunciationEntry> Words(DataSplit split) => [.. _words[split]];

    /// <summary>One example for each pronunciation of each word.</summary>
    /// <param name="words">The words.</param>
    public IReadOnlyList<Seq2SeqExample> Encode(IEnumerable<PronunciationEntry> words)
    {
        ArgumentNullException.ThrowIfNull(words);
        return [.. words.SelectMany(EncodeWord)];
    }

    /// <summary>Configuration of a model for this task.</summary>
    /// <param name="options">Its sizes.</param>
    /// <exception cref="ArgumentException">The heads do not divide the width, or a size is impossible.</exception>
    public T5GemmaConfig CreateConfig(G2pModelOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        if (options.Heads < 1 || options.HiddenSize < 1 || options.HiddenSize % (2 * options.Heads) != 0)
            throw new ArgumentException($"HiddenSize: expected a multiple of twice the heads ({options.Heads}), got {options.HiddenSize}");
        var stack = new T5GemmaModuleConfig
        {
            VocabSize = Tokenizer.VocabularySize,
            HiddenSize = options.HiddenSize,
            IntermediateSize = options.IntermediateSize,
            NumHiddenLayers = options.Layers,
            NumAttentionHeads = options.Heads,
            NumKeyValueHeads = options.Heads,
            HeadDim = options.HiddenSize / options.Heads,
            QueryPreAttnScalar = options.HiddenSize / options.Heads,
            MaxPositionEmbeddings = 64,
            SlidingWindow = 64,
            InitializerRange = 1 / Math.Sqrt(options.HiddenSize), // 0.02 suits wide models only
        };
        var config = new T5GemmaConfig
        {
            Encoder = stack,
            Decoder = stack,
            VocabSize = Tokenizer.VocabularySize,
            DropoutRate = options.Dropout,
            AttentionDropout = options.Dropout,
        };
        config.Resolve().Validate();
        return config;
    }

    // The space before each phoneme is part of its token, the first one's too.
    private IEnumerable<Seq2SeqExample> EncodeWord(PronunciationEntry entry)
    {
        var input = Tokenizer.Encode(entry.Word);
        foreach (var pronunciation in entry.Pronunciations)
            yield return new Seq2SeqExample(input, Tokenizer.Encode(" " + pronunciation, addBos: false, addEos: true));
    }
}
