using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Where a mask [1 or B, 1 or H, 1, S] of float32 numbers to add lies; or no mask. Valid as long as the tensor is.</summary>
internal readonly unsafe struct MaskView
{
    private readonly float* _first;
    private readonly long _rowStride;
    private readonly long _headStride;

    public MaskView(Tensor? mask)
    {
        if (mask is null)
            return;
        _first = (float*)TensorMemory.Pointer(mask);
        _rowStride = mask.size(0) == 1 ? 0 : mask.stride(0);
        _headStride = mask.size(1) == 1 ? 0 : mask.stride(1);
    }

    /// <summary>The numbers for a head; null: none.</summary>
    public float* For(int row, int head) => _first is null ? null : _first + (row * _rowStride) + (head * _headStride);
}
