namespace T5GemmaSharp.Training.Inspection;

/// <summary>Bytes that a layer leaves for its backward pass, by part: the tensors that autograd saves of the operations as this library writes them.</summary>
/// <param name="Norms">Inputs of the norms in float32, and their outputs where a projection reads them.</param>
/// <param name="Projections">Queries, keys, values and the heads' outputs.</param>
/// <param name="Scores">Of each attention by operators [B, H, T, S]: the capped scores' tanh, the probabilities in float32 and in the model's dtype, and dropout's mask.</param>
/// <param name="FeedForward">Gate, its activation (by operators), up and their product, [B, T, I] each.</param>
/// <param name="Momentary">Forms of the largest attention's scores that are there for a moment, in its backward pass.</param>
internal readonly record struct LayerMemory(long Norms, long Projections, long Scores, long FeedForward, long Momentary)
{
    private const int Float32 = 4;
    private const int FeedForwardStates = 4;

    /// <summary>What stays until the layer's backward pass.</summary>
    public long Kept => Norms + Projections + Scores + FeedForward;

    /// <summary>Computes the bytes of a layer.</summary>
    /// <param name="config">The stack.</param>
    /// <param name="numbers">How the numbers are stored.</param>
    /// <param name="rows">Examples of the micro-batch.</param>
    /// <param name="length">Their length in this stack.</param>
    /// <param name="keys">Length of what each attention reads.</param>
    public static LayerMemory Of(T5GemmaModuleConfig config, NumberStorage numbers, int rows, long length, params IReadOnlyList<long> keys)
    {
        var (size, blocks) = (numbers.Size, keys.Count + 1);
        var tokens = rows * length;

        // In each block the norm before reads the residual stream and writes what the projections read; the norm after reads the block's result. Elsewhere than on CUDA they are
        // written as several operations, which keep the scaled values too.
        // The kernels of training keep it as it is.
        var norm = numbers.HasKernels ? size : Float32 * (numbers.HasFusedNorm ? 1 : 2);
        var dropped = config.DropoutRate > 0 ? numbers.MaskSize : 0;
        var norms = tokens * blocks * config.HiddenSize * ((2 * norm) + size + dropped);
        var heads = (long)config.NumAttentionHeads * config.HeadDim;
        var keyHeads = (long)config.NumKeyValueHeads * config.HeadDim;
        var projections = size * ((tokens * keys.Count * 2 * heads) + (rows * keys.Sum() * 2 * keyHeads));
        var isDropped = config.AttentionDropout > 0;
        var score = (config.AttnLogitSoftcapping is null ? 0 : size) + Float32 + (size != Float32 || isDropped ? size : 0) + (isDropped ? numbers.MaskSize : 0);
        var allScores = tokens * config.NumAttentionHeads * keys.Sum();
        var feedForward = tokens * config.IntermediateSize * (((FeedForwardStates - (numbers.HasKernels ? 1 : 0)) * size) + dropped);
        var largestScores = tokens * config.NumAttentionHeads * keys.Max();
        return numbers.HasKernels
            ? new LayerMemory(norms, projections, Scores: 0, feedForward, largestScores * 2 * size) // which are computed again
            : new LayerMemory(norms, projections, allScores * score, feedForward, largestScores * ((2L * Float32) + size));
    }
}
