using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>Updates of parameters and squares of gradients by kernels; <c>optimizer.cu</c> says what each does.</summary>
internal static class OptimizerKernels
{
    private const string Source = "optimizer";
    private const int Threads = 256;
    private const int ElementsOfBlock = Threads * 8;
    private const int MaxBlocks = 132 * 16;
    private const int MaxSquareBlocks = 1024;

    /// <summary>Updates a parameter in place, as AdamW's torch operators do, up to the rounding of a division.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="weights">bfloat16 or float32 [N].</param>
    /// <param name="lowerHalf">int16 [N] beside bfloat16 weights; else null.</param>
    /// <param name="gradient">bfloat16 or float32 [N]; float32 beside float32 weights.</param>
    /// <param name="means">float32 [N].</param>
    /// <param name="squares">float32 [N].</param>
    /// <param name="factors">The step's constants.</param>
    public static void AdamW(TrainingKernels kernels, Tensor weights, Tensor? lowerHalf, Tensor gradient, Tensor means, Tensor squares, in AdamWFactors factors)
    {
        var count = weights.numel();
        var name = lowerHalf is null ? "adamw_float" : gradient.dtype == ScalarType.BFloat16 ? "adamw_split" : "adamw_split_float_gradient";
        kernels.Launch(Source, name, weights.device, new LaunchShape(Blocks(count, MaxBlocks), 1, Threads), new AdamWArguments
        {
            Weights = TensorMemory.Pointer(weights),
            LowerHalf = lowerHalf is null ? 0 : TensorMemory.Pointer(lowerHalf),
            Gradient = TensorMemory.Pointer(gradient),
            Means = TensorMemory.Pointer(means),
            Squares = TensorMemory.Pointer(squares),
            Count = count,
            Factors = factors,
        });
    }

    /// <summary>Square of the norm of several gradients together.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="gradients">bfloat16 or float32 [N] each, as <see cref="Accepts"/> wants them; at least one.</param>
    /// <returns>float32 [], in the caller's dispose scope.</returns>
    public static Tensor Square(TrainingKernels kernels, IReadOnlyList<Tensor> gradients)
    {
        using var scope = NewDisposeScope();
        var blocks = gradients.Select(gradient => Blocks(gradient.numel(), MaxSquareBlocks)).ToArray();
        var sums = empty([blocks.Sum()], dtype: ScalarType.Float32, device: gradients[0].device);
        var next = TensorMemory.Pointer(sums);
        for (var index = 0; index < blocks.Length; index++)
        {
            var gradient = gradients[index];
            var name = gradient.dtype == ScalarType.BFloat16 ? "squares_bf16" : "squares_float";
            kernels.Launch(Source, name, gradient.device, new LaunchShape(blocks[index], 1, Threads), new SquareArguments { Gradient = TensorMemory.Pointer(gradient), Sums = next, Count = gradient.numel() });
            next += blocks[index] * sizeof(float);
        }
        return scope.MoveToOuter(sums.sum());
    }

    /// <summary>Whether kernels can read a tensor as it lies.</summary>
    public static bool Accepts(Tensor tensor) => tensor.dtype is ScalarType.BFloat16 or ScalarType.Float32 && TensorMemory.IsDense(tensor);

    private static int Blocks(long count, int most) => (int)Math.Clamp((count + ElementsOfBlock - 1) / ElementsOfBlock, 1, most);

    [StructLayout(LayoutKind.Sequential)]
    private struct AdamWArguments
    {
        public nint Weights;
        public nint LowerHalf;
        public nint Gradient;
        public nint Means;
        public nint Squares;
        public long Count;
        public AdamWFactors Factors;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct SquareArguments
    {
        public nint Gradient;
        public nint Sums;
        public long Count;
    }
}
