using T5GemmaSharp.Caching;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Modeling;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>What the rows of a generation read of their sources: keys and values of cross-attention, lengths, mask.</summary>
internal sealed class DecodeSource : IDisposable
{
    private readonly DeviceArray[] _keys;
    private readonly DeviceArray[] _values;

    /// <summary>Takes what is stored with the source, or computes it.</summary>
    /// <param name="source">The sources [B].</param>
    /// <param name="rowsPerSource">Rows of each source.</param>
    public DecodeSource(EncodedSource source, int rowsPerSource)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        var device = source.EncoderOutputs.LastHiddenState.device;
        var decoder = source.Model.Model.Decoder;
        using var cache = source.CrossAttentionCache();
        if (cache.SequenceLength == 0)
        {
            for (var layer = 0; layer < decoder.Layers.Count; layer++)
                Fill(cache.Layers[layer], decoder.Layers[layer].CrossAttn, source.EncoderOutputs.LastHiddenState, source.Model.Config.Decoder.HeadDim);
            source.Keep(cache);
        }
        _keys = [.. cache.Layers.Select(layer => new DeviceArray(Dense(layer.Keys!)))]; // filled above
        _values = [.. cache.Layers.Select(layer => new DeviceArray(Dense(layer.Values!)))];
        Capacity = source.Length;

        var rows = Enumerable.Range(0, (int)source.BatchSize * rowsPerSource).Select(row => row / rowsPerSource).ToArray();
        Rows = new DeviceArray(torch.tensor(rows, dtype: ScalarType.Int32, device: device));
        var mask = source.AttentionMask?.ne(0);
        Mask = mask is null || mask.all().item<bool>() ? null : new DeviceArray(mask.to(ScalarType.Byte).contiguous());
        // The last real token ends the keys that are worth a visit.
        var lengths = mask is null
            ? torch.full([source.BatchSize], source.Length, dtype: ScalarType.Int32, device: device)
            : (mask.to(ScalarType.Int32) * torch.arange(1, source.Length + 1, dtype: ScalarType.Int32, device: device)).amax([1]);
        Lengths = new DeviceArray(lengths.to(ScalarType.Int32).contiguous());
    }

    /// <summary>Room of a row in keys: the longest source.</summary>
    public long Capacity { get; }

    /// <summary>Source of each row.</summary>
    public DeviceArray Rows { get; }

    /// <summary>Which keys are real [B, S]; null: all.</summary>
    public DeviceArray? Mask { get; }

    /// <summary>Keys of each source.</summary>
    public DeviceArray Lengths { get; }

    public nint Keys(int layer) => _keys[layer].Address;

    public nint Values(int layer) => _values[layer].Address;

    public void Dispose()
    {
        foreach (var array in _keys.Concat(_values).Append(Rows).Append(Lengths))
            array.Dispose();
        Mask?.Dispose();
    }

    private static void Fill(CacheLayer layer, T5GemmaCrossAttention attention, Tensor states, long headDim)
        => layer.Update(SplitHeads.Call(attention.KProj, states, headDim).contiguous(), SplitHeads.Call(attention.VProj, states, headDim).contiguous());

    // An alias or a copy of its own: the cache frees its tensor.
    private static Tensor Dense(Tensor states) => states.is_contiguous() ? states.alias() : states.contiguous();
}
