using T5GemmaSharp.Interop;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels;

/// <summary>Memory of tensors.</summary>
internal static class TensorMemory
{
    private const long VectorBytes = 16;

    /// <summary>Whether addresses can be had from the loaded libtorch.</summary>
    public static bool IsAvailable => StableAbi.Instance is not null;

    /// <summary>Address of a tensor's first element, valid as long as the tensor is.</summary>
    public static nint Pointer(Tensor tensor) => StableAbi.Instance!.DataPointer(tensor); // callers have asked IsAvailable

    /// <summary>Whether a tensor's elements follow each other, from an address that vectors can be read at.</summary>
    public static bool IsDense(Tensor tensor) => tensor.is_contiguous() && Pointer(tensor) % VectorBytes == 0;

    /// <summary>The tensor, or a copy of it in a dtype, whose elements follow each other from an address that vectors can be read at; gradients go through it.</summary>
    public static Tensor Dense(Tensor tensor, ScalarType dtype)
    {
        if (tensor.dtype == dtype && IsDense(tensor))
            return tensor;
        using var scope = NewDisposeScope();
        var dense = tensor.to(dtype).contiguous();
        return scope.MoveToOuter(IsDense(dense) ? dense : dense.clone());
    }
}
