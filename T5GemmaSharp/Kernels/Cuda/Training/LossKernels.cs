using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>Cross-entropy and its gradient by one kernel; <c>loss.cu</c> says what it does.</summary>
internal static class LossKernels
{
    private const int Threads = 512;

    /// <summary>Computes the loss of each target, and puts the gradient of their sum in the place of what the head has computed.</summary>
    /// <param name="kernels">The device's kernels.</param>
    /// <param name="products">The head's product, before the cap [N, V], as <see cref="Accepts"/> wants it; its content is replaced.</param>
    /// <param name="targets">int64 [N], each a class.</param>
    /// <param name="cap">Cap of the logits; null: none.</param>
    /// <param name="labelSmoothing">Share of the target probability that is spread over the vocabulary.</param>
    /// <param name="zLoss">Factor of the square of the log of the sum of exponents.</param>
    /// <returns>Losses, float32 [N], in the caller's dispose scope.</returns>
    public static Tensor TakeGradient(TrainingKernels kernels, Tensor products, Tensor targets, double? cap, double labelSmoothing, double zLoss)
    {
        using var scope = NewDisposeScope();
        var dense = targets.contiguous();
        var losses = empty([products.size(0)], dtype: ScalarType.Float32, device: products.device);
        kernels.Launch("loss", "token_loss", products.device, new LaunchShape((int)products.size(0), 1, Threads), new Arguments
        {
            Logits = TensorMemory.Pointer(products),
            Targets = TensorMemory.Pointer(dense),
            Losses = TensorMemory.Pointer(losses),
            Columns = (int)products.size(1),
            Cap = (float)(cap ?? 0),
            Smoothing = (float)labelSmoothing,
            ZLoss = (float)zLoss,
        });
        return scope.MoveToOuter(losses);
    }

    /// <summary>Whether the kernel can work on the head's product as it lies.</summary>
    public static bool Accepts(Tensor products) => products.dtype == ScalarType.BFloat16 && TensorMemory.IsDense(products);

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Logits;
        public nint Targets;
        public nint Losses;
        public int Columns;
        public float Cap;
        public float Smoothing;
        public float ZLoss;
    }
}
