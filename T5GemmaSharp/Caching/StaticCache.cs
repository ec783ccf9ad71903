using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Caching;

/// <summary>A cache of fixed capacity: its buffers are allocated once. For inference.</summary>
/// <remarks>HF: <c>StaticCache</c>.</remarks>
public sealed class StaticCache : KeyValueCache
{
    /// <summary>Creates an empty cache with the layer kinds of a stack.</summary>
    /// <param name="config">The decoder's configuration.</param>
    /// <param name="maxCacheLen">Longest sequence in tokens, at least 1.</param>
    public StaticCache(T5GemmaModuleConfig config, long maxCacheLen)
        : base(LayersOf(config, maxCacheLen))
    {
    }

    private static IEnumerable<CacheLayer> LayersOf(T5GemmaModuleConfig config, long maxCacheLen)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Enumerable.Range(0, config.NumHiddenLayers).Select(CacheLayer (layerIdx) =>
            config is { SlidingWindow: { } window } && config.LayerTypeOf(layerIdx) == LayerType.SlidingAttention
                ? new StaticSlidingWindowLayer(maxCacheLen, window)
                : new StaticLayer(maxCacheLen));
    }
}
