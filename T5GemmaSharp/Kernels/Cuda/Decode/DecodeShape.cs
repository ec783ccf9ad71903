using System.Globalization;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Quantization;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>The sizes of a decoder's step, and how its kernels are spread. One compilation of <c>decode.cu</c> serves one shape.</summary>
internal sealed record DecodeShape
{
    /// <summary>Most rows of a step.</summary>
    public const int MaxRows = 32;

    private const int PieceSize = 32;

    private const int UnquantizedBits = 16;

    private DecodeShape(T5GemmaModuleConfig config, int rows, WeightQuantization? quantization) => (Config, Rows, Quantization) = (config, rows, quantization);

    public T5GemmaModuleConfig Config { get; }

    public int Rows { get; }

    /// <summary>How the matrices are stored; null: as bf16.</summary>
    public WeightQuantization? Quantization { get; }

    public MatrixShape QueryKeyValue { get; private init; }

    public MatrixShape Output { get; private init; }

    public MatrixShape CrossQuery { get; private init; }

    public MatrixShape GateUp { get; private init; }

    public MatrixShape Down { get; private init; }

    public MatrixShape Head { get; private init; }

    /// <summary>Blocks that share the keys of a row and key head.</summary>
    public int Splits { get; private init; }

    /// <summary>Rounds of keys whose loads a block of the attention has under way together.</summary>
    public int KeysAtOnce => Rows == 1 ? 4 : 2;

    /// <summary>Blocks of the attention that a multiprocessor runs at once.</summary>
    public int AttentionBlocks => Rows == 1 ? 1 : 2;

    /// <summary>Whether blocks take the norms themselves.</summary>
    public bool FusesNorms => Rows == 1;

    private long QuerySize => Config.NumAttentionHeads * Config.HeadDim;

    private long KeySize => Config.NumKeyValueHeads * Config.HeadDim;

    /// <summary>Chooses how to spread the kernels.</summary>
    /// <param name="config">The decoder.</param>
    /// <param name="rows">Rows of a step.</param>
    /// <param name="hasClusters">Whether blocks of the device can form clusters.</param>
    /// <param name="quantization">How the matrices are stored; null: as bf16.</param>
    /// <param name="reason">Why there is no shape; else null.</param>
    /// <returns>Null when the kernels do not cover the decoder.</returns>
    public static DecodeShape? For(T5GemmaModuleConfig config, int rows, bool hasClusters, WeightQuantization? quantization, out string? reason)
    {
        reason = Refuse(config, rows);
        if (reason is not null)
            return null;
        var (hidden, intermediate) = ((int)config.HiddenSize, (int)config.IntermediateSize);
        var (query, key) = ((int)(config.NumAttentionHeads * config.HeadDim), (int)(config.NumKeyValueHeads * config.HeadDim));
        var queryKeyValue = Spread((query + (2 * key)) / 16, hidden, splits: false);
        var output = Spread(hidden / 16, query, splits: true);
        var down = Spread(hidden / 16, intermediate, splits: true);
        if (queryKeyValue is null || output is null || down is null)
        {
            reason = $"hidden_size {hidden}, intermediate_size {intermediate} or {query} query outputs are more than the kernels hold in registers";
            return null;
        }
        return new DecodeShape(config, rows, quantization)
        {
            QueryKeyValue = queryKeyValue.Value,
            Output = output.Value,
            CrossQuery = queryKeyValue.Value with { Tiles = query / 16 },
            GateUp = queryKeyValue.Value with { Tiles = intermediate / 8 },
            Down = down.Value,
            Head = queryKeyValue.Value with { Tiles = ((int)config.VocabSize + 15) / 16 },
            Splits = hasClusters ? SplitsFor(rows * (int)config.NumKeyValueHeads) : 1,
        };

        MatrixShape? Spread(int tiles, int inputs, bool splits) => rows == 1 ? MatrixShape.ForRow(tiles, inputs) : MatrixShape.ForRows(tiles, inputs, splits, rows, quantization?.Bits ?? UnquantizedBits);
    }

    /// <summary>The compile-time constants of <c>decode.cu</c>.</summary>
    public IReadOnlyDictionary<string, string> Constants()
    {
        var scale = Math.Pow(Config.QueryPreAttnScalar, -0.5);
        Dictionary<string, long> numbers = new()
        {
            ["ROWS"] = Rows,
            ["D"] = Config.HiddenSize,
            ["H"] = Config.NumAttentionHeads,
            ["K"] = Config.NumKeyValueHeads,
            ["E"] = Config.HeadDim,
            ["I"] = Config.IntermediateSize,
            ["V"] = Config.VocabSize,
            ["OUTPUT_PARTS"] = Output.Parts,
            ["DOWN_PARTS"] = Down.Parts,
            ["SELF_SPLITS"] = Splits,
            ["CROSS_SPLITS"] = Splits,
            ["KEYS_AT_ONCE"] = KeysAtOnce,
            ["ATTENTION_BLOCKS"] = AttentionBlocks,
            ["WEIGHT_BITS"] = Quantization?.Bits ?? UnquantizedBits,
            ["WEIGHT_GROUP"] = Quantization?.GroupSize ?? 0,
        };
        foreach (var (name, matrix) in new[] { ("QKV", QueryKeyValue), ("OUTPUT", Output), ("CROSS", CrossQuery), ("GATE", GateUp), ("DOWN", Down), ("HEAD", Head) })
        {
            numbers[$"{name}_WARPS"] = matrix.Warps;
            numbers[$"{name}_TEAM"] = matrix.Team;
            numbers[$"{name}_PAIRS"] = matrix.Pairs;
            numbers[$"{name}_KEEPS"] = matrix.KeepsStates ? 1 : 0;
        }
        var constants = numbers.ToDictionary(number => number.Key, number => number.Value.ToString(CultureInfo.InvariantCulture));
        constants["EPS"] = KernelCompiler.Float(Config.RmsNormEps);
        constants["SCALE"] = KernelCompiler.Float(scale);
        constants["CAP"] = KernelCompiler.Float(Config.AttnLogitSoftcapping!.Value); // a shape without it is refused
        constants["LOGIT_CAP"] = KernelCompiler.Float(Config.FinalLogitSoftcapping ?? 0);
        constants["EMBEDDING_SCALE"] = KernelCompiler.Float(EmbeddingScale());
        return constants;
    }

    // The modules round the factor to the dtype of the states.
    private double EmbeddingScale() => Cpu.BFloat16.ToSingle(Cpu.BFloat16.FromSingle((float)Math.Sqrt(Config.HiddenSize)));

    // As many as give every multiprocessor two blocks, but more than 4 only while they find an own multiprocessor each.
    private static int SplitsFor(int groups)
    {
        var splits = 8;
        while (splits > 1 && groups * splits > (splits > 4 ? MatrixShape.Multiprocessors : 2 * MatrixShape.Multiprocessors))
            splits /= 2;
        return splits;
    }

    private static string? Refuse(T5GemmaModuleConfig config, int rows)
    {
        if (rows > MaxRows)
            return $"{rows} rows, at most {MaxRows} are supported";
        if (config.HiddenActivation is not (HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast))
            return $"hidden_activation {config.HiddenActivation} is not gelu_pytorch_tanh";
        if (config.AttnLogitSoftcapping is not (> 0 and <= 60))
            return "attn_logit_softcapping must be between 0 and 60: the kernels take exponents of scores without their maximum";
        if (config.HeadDim is not (32 or 64 or 128 or 256))
            return $"head_dim {config.HeadDim} is not 32, 64, 128 or 256";
        if (config.HiddenSize % PieceSize != 0 || config.IntermediateSize % PieceSize != 0)
            return $"hidden_size {config.HiddenSize} and intermediate_size {config.IntermediateSize} must be multiples of {PieceSize}";
        var group = config.NumAttentionHeads / config.NumKeyValueHeads;
        return group * config.HeadDim > 512 ? $"{group} query heads of size {config.HeadDim} share a key head, which is more than a block holds" : null;
    }
}
