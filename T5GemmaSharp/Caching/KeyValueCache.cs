using T5GemmaSharp.Configuration;
using static TorchSharp.torch;

namespace T5GemmaSharp.Caching;

/// <summary>Keys and values of all layers of one kind of attention. Disposing it frees them.</summary>
/// <remarks>HF: <c>Cache</c>.</remarks>
public abstract class KeyValueCache : IDisposable
{
    private readonly CacheLayer[] _layers;

    private protected KeyValueCache(IEnumerable<CacheLayer> layers) => _layers = [.. layers];

    /// <summary>The layers, first to last.</summary>
    public IReadOnlyList<CacheLayer> Layers => _layers;

    /// <summary>Number of tokens seen.</summary>
    /// <remarks>HF: <c>get_seq_length</c>.</remarks>
    public long SequenceLength => _layers[0].SequenceLength;

    /// <summary>Forgets everything and frees the tensors.</summary>
    public void Reset() => ForEach(layer => layer.Reset());

    /// <summary>Picks rows of the batch axis, for beam search.</summary>
    /// <param name="beamIdx">Row numbers, int64, on the device of the cache.</param>
    public void Reorder(Tensor beamIdx) => ForEach(layer => layer.Reorder(beamIdx));

    /// <summary>Repeats each row of the batch axis.</summary>
    /// <param name="repeats">Number of copies of each row, at least 1.</param>
    public void RepeatInterleave(long repeats) => ForEach(layer => layer.RepeatInterleave(repeats));

    /// <summary>Forgets the newest tokens.</summary>
    /// <param name="maxLength">Tokens to keep; negative: tokens to forget.</param>
    public void Crop(long maxLength) => ForEach(layer => layer.Crop(maxLength));

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        ForEach(layer => layer.Dispose());
        GC.SuppressFinalize(this);
    }

    /// <summary>The number of keys and the first position that layers of a kind will show to new queries.</summary>
    internal (long Length, long Offset) MaskSizes(LayerType type, long queryLength)
    {
        var wanted = Array.Find(_layers, layer => layer.IsSliding == (type == LayerType.SlidingAttention));
        return (wanted ?? _layers[0]).MaskSizes(queryLength);
    }

    private void ForEach(Action<CacheLayer> action) => Array.ForEach(_layers, action);
}
