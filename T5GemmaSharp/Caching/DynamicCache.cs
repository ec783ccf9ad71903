using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Caching;

/// <summary>A cache that grows with the sequence; its sliding layers keep only their window.</summary>
/// <remarks>HF: <c>DynamicCache</c>.</remarks>
public sealed class DynamicCache : KeyValueCache
{
    /// <summary>Creates an empty cache in which every layer keeps every token, as cross-attention needs it.</summary>
    /// <param name="numHiddenLayers">Number of layers, at least 1.</param>
    public DynamicCache(int numHiddenLayers)
        : base(Enumerable.Range(0, AtLeastOne(numHiddenLayers)).Select(_ => new DynamicLayer()))
    {
    }

    /// <summary>Creates an empty cache with the layer kinds of a stack.</summary>
    /// <param name="config">The decoder's configuration.</param>
    public DynamicCache(T5GemmaModuleConfig config)
        : base(LayersOf(config))
    {
    }

    private static IEnumerable<CacheLayer> LayersOf(T5GemmaModuleConfig config)
    {
        ArgumentNullException.ThrowIfNull(config);
        return Enumerable.Range(0, config.NumHiddenLayers).Select(CacheLayer (layerIdx) =>
            config is { SlidingWindow: { } window } && config.LayerTypeOf(layerIdx) == LayerType.SlidingAttention
                ? new DynamicSlidingWindowLayer(window)
                : new DynamicLayer());
    }

    private static int AtLeastOne(int numHiddenLayers)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(numHiddenLayers, 1);
        return numHiddenLayers;
    }
}
