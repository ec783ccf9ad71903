using T5GemmaSharp.Quantization;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Decode;

/// <summary>Addresses of a model's weights, which stay while this object lives.</summary>
internal sealed class DecodeWeights(QuantizedWeights? quantized) : IDisposable
{
    private readonly WeightMemory _memory = new();

    public nint Hold(Tensor weight) => _memory.Hold(weight);

    public DecodeMatrix Of(Linear linear) => quantized?.Of(linear) is { } matrix ? Of(matrix) : new(Hold(linear.weight), 0);

    public DecodeMatrix Of(QuantizedMatrix matrix) => new(Hold(matrix.Values), Hold(matrix.Scales));

    public void Dispose() => _memory.Dispose();
}
