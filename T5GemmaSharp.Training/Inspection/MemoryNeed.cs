namespace T5GemmaSharp.Training.Inspection;

/// <summary>Memory that a model needs, in bytes, activations left out.</summary>
/// <param name="Float32Weights">Weights in float32.</param>
/// <param name="BFloat16Weights">Weights in bfloat16.</param>
/// <param name="Float32Training">Weights, gradients and the two moments of AdamW in float32.</param>
/// <param name="BFloat16CachePerTargetToken">Self-attention keys and values of one decoder token in bfloat16; 0 without a decoder. Sliding layers stop growing at their window.</param>
/// <param name="BFloat16CachePerSourceToken">Cross-attention keys and values of one encoder token in bfloat16; 0 without a decoder.</param>
public sealed record MemoryNeed(
    long Float32Weights,
    long BFloat16Weights,
    long Float32Training,
    long BFloat16CachePerTargetToken,
    long BFloat16CachePerSourceToken)
{
    /// <summary>Computes the need of a model.</summary>
    /// <param name="parameterCount">Number of parameters, tied ones once.</param>
    /// <param name="config">The model's configuration.</param>
    public static MemoryNeed Of(long parameterCount, T5GemmaConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        const int BytesOfKeyAndValue = 2 * 2;
        var decoder = config.Decoder;
        var cache = config.IsEncoderDecoder ? decoder.NumHiddenLayers * decoder.NumKeyValueHeads * decoder.HeadDim * BytesOfKeyAndValue : 0;
        return new MemoryNeed(4 * parameterCount, 2 * parameterCount, 16 * parameterCount, cache, cache);
    }
}
