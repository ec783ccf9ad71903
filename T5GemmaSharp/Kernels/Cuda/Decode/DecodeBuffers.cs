using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>What a step works on besides weights, keys and values; <c>decode.cu</c> says what each holds.</summary>
internal sealed class DecodeBuffers : IDisposable
{
    private readonly List<DeviceArray> _all = [];
    private readonly Device _device;

    public DecodeBuffers(DecodeShape shape, Device device)
    {
        _device = device;
        var (config, rows) = (shape.Config, shape.Rows);
        try
        {
            Hidden = [New(ScalarType.Float32, rows, config.HiddenSize), New(ScalarType.Float32, rows, config.HiddenSize)];
            Normalized = New(ScalarType.BFloat16, rows, config.HiddenSize);
            Queries = New(ScalarType.Float32, rows, config.NumAttentionHeads * config.HeadDim);
            Attended = New(ScalarType.BFloat16, rows, config.NumAttentionHeads * config.HeadDim);
            Partial = New(ScalarType.Float32, Math.Max(shape.Output.Parts, shape.Down.Parts), rows, config.HiddenSize);
            Gated = New(ScalarType.BFloat16, rows, config.IntermediateSize);
            Logits = New(ScalarType.Float32, rows, config.VocabSize);
            Best = New(ScalarType.Int64, rows);
            Positions = New(ScalarType.Int32, rows);
            Ended = New(ScalarType.Int32, rows);
        }
        catch
        {
            Dispose(); // of those before the one that memory was too little for
            throw;
        }
    }

    /// <summary>The states between layers, two of them: a block may still read one while another block writes the other.</summary>
    public IReadOnlyList<DeviceArray> Hidden { get; }

    public DeviceArray Normalized { get; }

    public DeviceArray Queries { get; }

    public DeviceArray Attended { get; }

    public DeviceArray Partial { get; }

    public DeviceArray Gated { get; }

    public DeviceArray Logits { get; }

    public DeviceArray Best { get; }

    public DeviceArray Positions { get; }

    public DeviceArray Ended { get; }

    public void Dispose() => _all.ForEach(array => array.Dispose());

    private DeviceArray New(ScalarType dtype, params long[] shape)
    {
        var array = DeviceArray.Zeros(dtype, _device, shape);
        _all.Add(array);
        return array;
    }
}
