using T5GemmaSharp.Interop;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>A tensor that lives as long as this object, with its address.</summary>
internal sealed class DeviceArray : IDisposable
{
    /// <summary>Takes a dense tensor over.</summary>
    public DeviceArray(Tensor tensor)
    {
        Tensor = tensor.DetachFromDisposeScope();
        Address = StableAbi.Instance!.DataPointer(tensor); // whoever uses kernels has asked for it
    }

    public Tensor Tensor { get; }

    public nint Address { get; }

    public static DeviceArray Zeros(ScalarType dtype, Device device, params long[] shape) => new(torch.zeros(shape, dtype: dtype, device: device));

    public void Dispose() => Tensor.Dispose();
}
