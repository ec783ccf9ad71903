using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>What grows with the sequences: keys and values of self-attention, the tokens, and the rotations of the positions.</summary>
internal sealed class DecodeHistory : IDisposable
{
    private readonly DeviceArray _states;
    private readonly long _layerBytes;

    /// <summary>Makes room.</summary>
    /// <param name="model">The model.</param>
    /// <param name="rows">Rows.</param>
    /// <param name="capacity">Tokens of a row.</param>
    /// <param name="device">The device.</param>
    public DecodeHistory(T5GemmaForConditionalGeneration model, int rows, long capacity, Device device)
    {
        using var scope = NewDisposeScope();
        var config = model.Config.Decoder;
        Capacity = capacity;
        _states = new DeviceArray(torch.empty([config.NumHiddenLayers, 2, rows, config.NumKeyValueHeads, capacity, config.HeadDim], dtype: ScalarType.BFloat16, device: device));
        _layerBytes = rows * config.NumKeyValueHeads * capacity * config.HeadDim * sizeof(ushort);
        try
        {
            Tokens = DeviceArray.Zeros(ScalarType.Int32, device, rows, capacity);
            LogProbabilities = DeviceArray.Zeros(ScalarType.Float32, device, rows, capacity);
            var like = torch.zeros([1], dtype: ScalarType.Float32, device: device);
            var (cos, sin) = model.Model.Decoder.RotaryEmb.call(like, torch.arange(capacity, dtype: ScalarType.Int64, device: device).unsqueeze(0)); // [1, capacity, E]
            Cosines = new DeviceArray(Half(cos));
            Sines = new DeviceArray(Half(sin));
        }
        catch
        {
            Dispose(); // of those before the one that memory was too little for
            throw;
        }

        // Both halves of a rotation are the same.
        Tensor Half(Tensor angles) => angles[0].narrow(1, 0, config.HeadDim / 2).contiguous();
    }

    /// <summary>Tokens of a row that fit.</summary>
    public long Capacity { get; }

    /// <summary>Ids [rows, capacity], int32.</summary>
    public DeviceArray Tokens { get; }

    /// <summary>Of tokens that a sampler has drawn [rows, capacity], float32.</summary>
    public DeviceArray LogProbabilities { get; }

    /// <summary>[capacity, E / 2], float32.</summary>
    public DeviceArray Cosines { get; }

    /// <summary>[capacity, E / 2], float32.</summary>
    public DeviceArray Sines { get; }

    public nint Keys(int layer) => _states.Address + (nint)(2 * layer * _layerBytes);

    public nint Values(int layer) => Keys(layer) + (nint)_layerBytes;

    /// <summary>Takes over what a smaller one holds.</summary>
    public void CopyFrom(DecodeHistory other)
    {
        using var scope = NewDisposeScope();
        _states.Tensor.narrow(4, 0, other.Capacity).copy_(other._states.Tensor);
        Tokens.Tensor.narrow(1, 0, other.Capacity).copy_(other.Tokens.Tensor);
        LogProbabilities.Tensor.narrow(1, 0, other.Capacity).copy_(other.LogProbabilities.Tensor);
    }

    /// <summary>Rows go on from other rows.</summary>
    /// <param name="rows">Row that each row goes on from [rows], int64.</param>
    /// <param name="length">Tokens that are in use.</param>
    public void Reorder(Tensor rows, long length)
    {
        using var scope = NewDisposeScope();
        var used = _states.Tensor.narrow(4, 0, length);
        used.copy_(used.index_select(2, rows));
    }

    public void Dispose()
    {
        _states.Dispose();
        Tokens?.Dispose();
        LogProbabilities?.Dispose();
        Cosines?.Dispose();
        Sines?.Dispose();
    }
}
