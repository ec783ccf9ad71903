using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>Heads taken apart and put side by side, rotated by their positions where there are any.</summary>
/// <param name="kernels">The device's kernels.</param>
/// <param name="headSize">Size E of a head.</param>
internal sealed class HeadSplitting(TrainingKernels kernels, long headSize)
{
    private const int Threads = 256;
    private const int PairsOfThread = 16;
    private const int MaxBlocks = 132 * 32;

    /// <summary>Splits and rotates.</summary>
    /// <param name="states">bfloat16 [B, T, N * E], dense.</param>
    /// <param name="paddedLength">Positions P of the result; those from T on are zero.</param>
    /// <param name="positions">Cosines and sines, bfloat16 [1 or B, T, E], dense; null: no rotation.</param>
    /// <returns>[B, N, P, E].</returns>
    public Tensor Split(Tensor states, long paddedLength, (Tensor Cos, Tensor Sin)? positions)
    {
        var heads = empty([states.size(0), states.size(2) / headSize, paddedLength, headSize], dtype: ScalarType.BFloat16, device: states.device);
        Launch("split_heads", states, heads, states.size(1), paddedLength, positions);
        return heads;
    }

    /// <summary>The derivative of <see cref="Split"/>; without rotation also its inverse.</summary>
    /// <param name="heads">bfloat16 [B, N, P, E], dense.</param>
    /// <param name="length">Positions T of the result.</param>
    /// <param name="positions">As in <see cref="Split"/>.</param>
    /// <returns>[B, T, N * E].</returns>
    public Tensor Merge(Tensor heads, long length, (Tensor Cos, Tensor Sin)? positions)
    {
        var states = empty([heads.size(0), length, heads.size(1) * headSize], dtype: ScalarType.BFloat16, device: heads.device);
        Launch("merge_heads", states, heads, length, heads.size(2), positions);
        return states;
    }

    private void Launch(string name, Tensor states, Tensor heads, long length, long paddedLength, (Tensor Cos, Tensor Sin)? positions)
    {
        var threads = heads.numel() / PairsOfThread;
        var blocks = (int)Math.Clamp((threads + Threads - 1) / Threads, 1, MaxBlocks);
        kernels.Launch("attention", name, states.device, new LaunchShape(blocks, 1, Threads), new Arguments
        {
            SideBySide = TensorMemory.Pointer(states),
            Merged = TensorMemory.Pointer(states),
            Heads = TensorMemory.Pointer(heads),
            Cosines = positions is { } angles ? TensorMemory.Pointer(angles.Cos) : 0,
            Sines = positions is { } same ? TensorMemory.Pointer(same.Sin) : 0,
            PositionStride = positions is { } rows && rows.Cos.size(0) > 1 ? length * headSize : 0,
            Batch = (int)states.size(0),
            Length = (int)length,
            PaddedLength = (int)paddedLength,
            HeadCount = (int)heads.size(1),
            HeadSize = (int)headSize,
        });
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint SideBySide;
        public nint Merged;
        public nint Heads;
        public nint Cosines;
        public nint Sines;
        public long PositionStride;
        public int Batch;
        public int Length;
        public int PaddedLength;
        public int HeadCount;
        public int HeadSize;
    }
}
