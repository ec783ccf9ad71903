using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>
/// The decoder's two caches: self-attention, which grows with the output, and cross-attention, which is filled once for an encoded source. Disposing it frees both.
/// </summary>
/// <remarks>HF: <c>EncoderDecoderCache</c>. A cache belongs to one source: <see cref="Reset"/> it before it is used with another.</remarks>
public sealed class EncoderDecoderCache : IDisposable
{
    private readonly bool[] _isUpdated;

    /// <summary>Joins two caches, which then belong to this object.</summary>
    /// <param name="selfAttentionCache">Cache of self-attention.</param>
    /// <param name="crossAttentionCache">Cache of cross-attention with the same number of layers; filled layers are taken as they are.</param>
    /// <exception cref="ArgumentException">The numbers of layers differ, or a cross-attention layer slides.</exception>
    public EncoderDecoderCache(KeyValueCache selfAttentionCache, KeyValueCache crossAttentionCache)
    {
        ArgumentNullException.ThrowIfNull(selfAttentionCache);
        ArgumentNullException.ThrowIfNull(crossAttentionCache);
        if (selfAttentionCache.Layers.Count != crossAttentionCache.Layers.Count)
            throw new ArgumentException($"crossAttentionCache: expected {selfAttentionCache.Layers.Count} layers like the self-attention cache, got {crossAttentionCache.Layers.Count}", nameof(crossAttentionCache));
        if (crossAttentionCache.Layers.Any(layer => layer.IsSliding))
            throw new ArgumentException("crossAttentionCache: a sliding layer would forget the start of a long source; expected layers that keep everything", nameof(crossAttentionCache));
        SelfAttentionCache = selfAttentionCache;
        CrossAttentionCache = crossAttentionCache;
        _isUpdated = [.. crossAttentionCache.Layers.Select(layer => layer.SequenceLength > 0)];
    }

    /// <summary>Creates an empty growing cache for a decoder.</summary>
    /// <param name="decoder">The decoder's configuration.</param>
    public EncoderDecoderCache(T5GemmaModuleConfig decoder)
        : this(new DynamicCache(decoder), new DynamicCache(decoder.NumHiddenLayers))
    {
    }

    /// <summary>Cache of self-attention.</summary>
    public KeyValueCache SelfAttentionCache { get; }

    /// <summary>Cache of cross-attention; it never slides.</summary>
    public KeyValueCache CrossAttentionCache { get; }

    /// <summary>Number of decoder tokens seen.</summary>
    public long SequenceLength => SelfAttentionCache.SequenceLength;

    /// <summary>Whether a layer's cross-attention keys and values are stored.</summary>
    /// <param name="layerIdx">Index of the layer from 0.</param>
    public bool IsUpdated(int layerIdx) => _isUpdated[layerIdx];

    /// <summary>Forgets everything and frees the tensors.</summary>
    public void Reset()
    {
        SelfAttentionCache.Reset();
        CrossAttentionCache.Reset();
        Array.Clear(_isUpdated);
    }

    /// <summary>Picks rows of the batch axis of both caches, for beam search.</summary>
    /// <param name="beamIdx">Row numbers, int64, on the device of the cache.</param>
    public void Reorder(Tensor beamIdx)
    {
        SelfAttentionCache.Reorder(beamIdx);
        CrossAttentionCache.Reorder(beamIdx);
    }

    /// <summary>Repeats each row of the batch axis of both caches.</summary>
    /// <param name="repeats">Number of copies of each row, at least 1.</param>
    public void RepeatInterleave(long repeats)
    {
        SelfAttentionCache.RepeatInterleave(repeats);
        CrossAttentionCache.RepeatInterleave(repeats);
    }

    /// <summary>Forgets the newest decoder tokens; cross-attention stays.</summary>
    /// <param name="maxLength">Tokens to keep; negative: tokens to forget.</param>
    public void Crop(long maxLength) => SelfAttentionCache.Crop(maxLength);

    /// <summary>Frees the tensors of both caches.</summary>
    public void Dispose()
    {
        SelfAttentionCache.Dispose();
        CrossAttentionCache.Dispose();
    }

    /// <summary>Stores a layer's cross-attention keys and values [B, K, S, E].</summary>
    internal (Tensor Keys, Tensor Values) UpdateCross(int layerIdx, Tensor keys, Tensor values)
    {
        _isUpdated[layerIdx] = true;
        return CrossAttentionCache.Layers[layerIdx].Update(keys, values);
    }

    /// <summary>
    /// Hands the stored tensors to a dispose scope. For a cache that a forward pass made by itself: like the rest of its output it dies with the caller's scope.
    /// </summary>
    internal void MoveToOuter(DisposeScope scope)
    {
        foreach (var layer in SelfAttentionCache.Layers.Concat(CrossAttentionCache.Layers))
        {
            foreach (var tensor in new[] { layer.Keys, layer.Values }.OfType<Tensor>())
            {
                scope.Attach(tensor);
                scope.MoveToOuter(tensor);
            }
        }
    }
}
