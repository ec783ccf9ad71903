using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>
/// What a model has to read or to compute, by its shapes alone: matrices, keys and values, and attention between tokens that see each other. Norms, embeddings and
/// what an implementation reads or computes besides are left out. scripts/benchmarks/work.py has the same formulas.
/// </summary>
internal static class ModelWork
{
    private const double FlopsPerProduct = 2;

    // Forward, and backward to inputs and weights.
    private const double PassesOfTraining = 3;

    /// <summary>Elements of the matrices of a decoder's layers that a step of one token reads; those for keys and values of cross-attention are not among them.</summary>
    public static double StepLayerElements(T5GemmaModuleConfig decoder)
        => decoder.NumHiddenLayers * (SelfAttention(decoder) + (2d * decoder.HiddenSize * QuerySize(decoder)) + Mlp(decoder));

    /// <summary>Elements of the matrix of the head.</summary>
    public static double HeadElements(T5GemmaModuleConfig decoder) => (double)decoder.VocabSize * decoder.HiddenSize;

    /// <summary>Keys and values of one position in all layers.</summary>
    public static double KeyValueElements(T5GemmaModuleConfig decoder) => decoder.NumHiddenLayers * 2d * KeySize(decoder);

    /// <summary>Bytes that a step of decoding has to read, the mean of the steps for the tokens after the first.</summary>
    /// <param name="decoder">The decoder.</param>
    /// <param name="sources">Sources of the batch, whose keys and values are read once each.</param>
    /// <param name="rowsPerSource">Rows of each source.</param>
    /// <param name="sourceLength">Tokens of a source.</param>
    /// <param name="newTokens">Tokens of an answer, at least 2.</param>
    /// <param name="elementSize">Bytes of a weight, key or value.</param>
    /// <param name="matrixBytes">Bytes of all matrices where they are quantized; null: they are not.</param>
    public static double StepBytes(T5GemmaModuleConfig decoder, int sources, int rowsPerSource, int sourceLength, int newTokens, int elementSize, long? matrixBytes = null)
    {
        var ofLayer = 2d * KeySize(decoder);
        var steps = Enumerable.Range(2, newTokens - 1).ToArray();
        var past = Layers(decoder).Sum(window => steps.Average(length => Math.Min(length, window ?? length)));
        var cached = ofLayer * ((sources * rowsPerSource * past) + ((double)decoder.NumHiddenLayers * sources * sourceLength));
        return (matrixBytes ?? (elementSize * (StepLayerElements(decoder) + HeadElements(decoder)))) + (elementSize * cached);
    }

    /// <summary>Operations of the encoder.</summary>
    /// <param name="encoder">The encoder.</param>
    /// <param name="batch">Texts.</param>
    /// <param name="length">Tokens of each.</param>
    public static double EncodeFlops(T5GemmaModuleConfig encoder, int batch, int length)
    {
        var products = encoder.NumHiddenLayers * length * (SelfAttention(encoder) + Mlp(encoder));
        var pairs = Layers(encoder).Sum(window => Neighbours(length, window));
        return FlopsPerProduct * batch * (products + (2d * QuerySize(encoder) * pairs));
    }

    /// <summary>Operations that make the keys and values of cross-attention.</summary>
    public static double CrossKeyValueFlops(T5GemmaConfig config, int batch, int length)
        => FlopsPerProduct * batch * length * config.Encoder.HiddenSize * KeyValueElements(config.Decoder);

    /// <summary>Operations of a step that trains all weights; layers that are computed again count once.</summary>
    /// <param name="config">The model.</param>
    /// <param name="batch">Pairs.</param>
    /// <param name="sourceLength">Tokens of each source.</param>
    /// <param name="targetLength">Tokens of each target.</param>
    public static double TrainingFlops(T5GemmaConfig config, int batch, int sourceLength, int targetLength)
    {
        var decoder = config.Decoder;
        var products = targetLength * (StepLayerElements(decoder) + HeadElements(decoder));
        var pairs = Layers(decoder).Sum(window => Predecessors(targetLength, window)) + ((double)decoder.NumHiddenLayers * targetLength * sourceLength);
        var decode = FlopsPerProduct * batch * (products + (2d * QuerySize(decoder) * pairs));
        return PassesOfTraining * (EncodeFlops(config.Encoder, batch, sourceLength) + CrossKeyValueFlops(config, batch, sourceLength) + decode);
    }

    /// <summary>Pairs of tokens that are less than a window apart.</summary>
    internal static double Neighbours(long length, long? window)
    {
        var width = Math.Min(window ?? length, length);
        return (length * ((2d * width) - 1)) - (width * (width - 1d));
    }

    /// <summary>Pairs of a token and one that is not behind it, less than a window apart.</summary>
    internal static double Predecessors(long length, long? window)
    {
        var width = Math.Min(window ?? length, length);
        return (width * (width + 1d) / 2) + ((length - width) * (double)width);
    }

    private static IEnumerable<long?> Layers(T5GemmaModuleConfig stack)
        => Enumerable.Range(0, stack.NumHiddenLayers).Select(layer => stack.LayerTypeOf(layer) == LayerType.SlidingAttention ? stack.SlidingWindow : null);

    private static double SelfAttention(T5GemmaModuleConfig stack) => 2d * stack.HiddenSize * (QuerySize(stack) + KeySize(stack));

    private static double Mlp(T5GemmaModuleConfig stack) => 3d * stack.HiddenSize * stack.IntermediateSize;

    private static long QuerySize(T5GemmaModuleConfig stack) => stack.NumAttentionHeads * stack.HeadDim;

    private static long KeySize(T5GemmaModuleConfig stack) => stack.NumKeyValueHeads * stack.HeadDim;
}
