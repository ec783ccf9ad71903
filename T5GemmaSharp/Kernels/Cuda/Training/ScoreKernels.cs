using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>Soft-cap, mask and softmax of scores, and their derivative, in place.</summary>
internal static class ScoreKernels
{
    /// <summary>Keys of a row, padding included, are a multiple of it.</summary>
    public const int KeyMultiple = 8;

    private const int RowsOfBlock = 8;
    private const int Threads = RowsOfBlock * 32;

    /// <summary>Turns scores into probabilities, and gradients of these, if given, into those of the scores.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="scores">q k, bfloat16, dense, [B, H, T, padded S] in order.</param>
    /// <param name="gradients">The same shape; null: there are none.</param>
    /// <param name="mask">Added after the cap, bfloat16 [1 or B, 1 or H, 1 or T, S] whose keys follow each other; null: none.</param>
    /// <param name="shape">Sizes and constants.</param>
    public static void Attend(TrainingKernels kernels, Tensor scores, Tensor? gradients, Tensor? mask, in AttentionShape shape)
    {
        var paddedKeys = Padded(shape.Keys);
        var rows = scores.numel() / paddedKeys;
        var name = gradients is null ? "attend" : "attend_backward";
        var suffix = paddedKeys <= 256 ? "256" : paddedKeys <= 512 ? "512" : paddedKeys <= 1024 ? "1024" : "any";
        kernels.Launch("attention", $"{name}_{suffix}", scores.device, new LaunchShape((int)((rows + RowsOfBlock - 1) / RowsOfBlock), 1, Threads), new Arguments
        {
            Scores = TensorMemory.Pointer(scores),
            Gradients = gradients is null ? 0 : TensorMemory.Pointer(gradients),
            Mask = mask is null ? 0 : TensorMemory.Pointer(mask),
            MaskBatch = Stride(0),
            MaskHead = Stride(1),
            MaskQuery = Stride(2),
            Rows = rows,
            HeadCount = (int)shape.Heads,
            Queries = (int)shape.Queries,
            Keys = (int)shape.Keys,
            PaddedKeys = (int)paddedKeys,
            Scale = (float)shape.Scale,
            Cap = (float)(shape.Cap ?? 0),
        });

        long Stride(int axis) => mask is null || mask.size(axis) == 1 ? 0 : mask.stride(axis);
    }

    /// <summary>Keys of a row with its padding.</summary>
    public static long Padded(long keys) => (keys + KeyMultiple - 1) / KeyMultiple * KeyMultiple;

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Scores;
        public nint Gradients;
        public nint Mask;
        public long MaskBatch;
        public long MaskHead;
        public long MaskQuery;
        public long Rows;
        public int HeadCount;
        public int Queries;
        public int Keys;
        public int PaddedKeys;
        public float Scale;
        public float Cap;
    }
}
