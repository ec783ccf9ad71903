using T5GemmaSharp.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Support;

/// <summary>
/// Random models so small that a test may build many. No two sizes are equal, so that no swapped axis goes unnoticed; windows are shorter than the inputs, and the
/// weights are large enough for every part to matter.
/// </summary>
internal static class TinyModels
{
    public const long Pad = 0;
    public const long Eos = 1;
    public const long Bos = 2;

    private const int DefaultSeed = 7;
    private const double NormDeviation = 0.3;

    public static T5GemmaConfig Config { get; } = new T5GemmaConfig
    {
        Encoder = new()
        {
            VocabSize = 41,
            HiddenSize = 20,
            IntermediateSize = 34,
            NumHiddenLayers = 2,
            NumAttentionHeads = 4,
            NumKeyValueHeads = 2,
            HeadDim = 6,
            QueryPreAttnScalar = 5,
            SlidingWindow = 5,
            InitializerRange = 0.3,
            AttnLogitSoftcapping = 3,
        },
        Decoder = new()
        {
            VocabSize = 47,
            HiddenSize = 24,
            IntermediateSize = 38,
            NumHiddenLayers = 3,
            NumAttentionHeads = 6,
            NumKeyValueHeads = 3,
            HeadDim = 8,
            QueryPreAttnScalar = 11,
            SlidingWindow = 6,
            InitializerRange = 0.25,
            AttnLogitSoftcapping = 4,
            FinalLogitSoftcapping = 9,
        },
    }.WithNumLabels(3);

    public static T5GemmaForConditionalGeneration LanguageModel(T5GemmaConfig? config = null, PretrainedOptions? options = null, int seed = DefaultSeed) =>
        Build(() => T5GemmaForConditionalGeneration.FromConfig(config ?? Config, options), seed);

    public static T5GemmaForSequenceClassification SequenceClassifier(T5GemmaConfig? config = null, PretrainedOptions? options = null, int seed = DefaultSeed) =>
        Build(() => T5GemmaForSequenceClassification.FromConfig(config ?? Config, options), seed);

    public static T5GemmaForTokenClassification TokenClassifier(T5GemmaConfig? config = null, PretrainedOptions? options = null, int seed = DefaultSeed) =>
        Build(() => T5GemmaForTokenClassification.FromConfig(config ?? Config, options), seed);

    /// <summary>Random ids without special ones, the same for the same arguments.</summary>
    public static Tensor Ids(long batch, long length, int seed = DefaultSeed, long vocabSize = 41)
    {
        torch.manual_seed(seed);
        return torch.randint(4, vocabSize, [batch, length], dtype: ScalarType.Int64);
    }

    /// <summary>One padded batch from rows of unequal length, and its mask.</summary>
    public static (Tensor Ids, Tensor Mask) Padded(IReadOnlyList<long[]> rows, bool left)
    {
        var length = rows.Max(row => row.Length);
        var ids = new long[rows.Count, length];
        var mask = new long[rows.Count, length];
        for (var row = 0; row < rows.Count; row++)
        {
            var start = left ? length - rows[row].Length : 0;
            for (var i = 0; i < rows[row].Length; i++)
                (ids[row, start + i], mask[row, start + i]) = (rows[row][i], 1);
        }
        return (torch.tensor(ids), torch.tensor(mask));
    }

    /// <summary>Positions that count real tokens only, 0 for padding before them.</summary>
    public static Tensor Positions(Tensor mask) => (mask.cumsum(1) - 1).clamp_min(0);

    /// <summary>Rows of random ids without special ones, of the given lengths.</summary>
    public static List<long[]> Rows(IEnumerable<int> lengths, int seed = DefaultSeed, int vocabSize = 41)
    {
        var random = new Random(seed);
        return [.. lengths.Select(length => Enumerable.Range(0, length).Select(_ => (long)random.Next(4, vocabSize)).ToArray())];
    }

    private static TModel Build<TModel>(Func<TModel> build, int seed)
        where TModel : nn.Module
    {
        torch.manual_seed(seed);
        var model = build();
        using var noGrad = torch.no_grad();
        foreach (var (name, parameter) in model.named_parameters())
        {
            // Fresh norms and biases are zero, which would hide whether they are used.
            if (name.Contains("norm", StringComparison.Ordinal) || name.EndsWith(".bias", StringComparison.Ordinal))
                parameter.normal_(0, NormDeviation);
        }
        model.eval();
        return model;
    }
}
