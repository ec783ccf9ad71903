using System.Runtime.InteropServices;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>The norm of a training pass by one kernel, with the residual that is added to it.</summary>
/// <remarks>A derivative of the derivative is not recorded.</remarks>
internal sealed class FusedNorm : autograd.SingleTensorFunction<FusedNorm>
{
    private const string EpsilonKey = "epsilon";
    private const string ResidualKey = "residual";
    private const int SizeMultiple = 8;
    private const int MaxSize = 4096;
    private const int SmallSize = 1024;
    private const int Threads = 128;
    private const int BackwardBlocks = 132 * 4;

    /// <inheritdoc/>
    public override string Name => nameof(FusedNorm);

    /// <summary>Whether kernels can take the norm of states.</summary>
    /// <param name="input">[..., D].</param>
    /// <param name="weight">[D].</param>
    public static bool Serves(Tensor input, Tensor weight)
        => input.dtype == ScalarType.BFloat16 && weight.dtype == ScalarType.BFloat16 && weight.numel() is <= MaxSize and var size && size % SizeMultiple == 0
        && input.numel() > 0 && TrainingKernels.For(input.device) is not null;

    /// <summary>Computes [residual +] input / sqrt(mean(input^2) + eps) * (1 + weight).</summary>
    /// <param name="input">[..., D].</param>
    /// <param name="weight">[D].</param>
    /// <param name="residual">[..., D]; null: none.</param>
    /// <param name="epsilon">Added to the mean square.</param>
    public static Tensor Call(Tensor input, Tensor weight, Tensor? residual, double epsilon)
    {
        BackwardFault.Rethrow();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(apply(TensorMemory.Dense(input, ScalarType.BFloat16), TensorMemory.Dense(weight, ScalarType.BFloat16), residual is null ? null! : TensorMemory.Dense(residual, ScalarType.BFloat16), (float)epsilon));
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var (input, weight, residual, epsilon) = ((Tensor)vars[0], (Tensor)vars[1], (Tensor?)vars[2], (float)vars[3]);
        var output = empty(input.shape, dtype: ScalarType.BFloat16, device: input.device);
        var rows = (int)(input.numel() / weight.numel());
        Launch("norm", rows, input, weight, new Arguments { Residual = residual is null ? 0 : TensorMemory.Pointer(residual), Outputs = TensorMemory.Pointer(output), Epsilon = epsilon });
        ctx.save_data(EpsilonKey, epsilon);
        ctx.save_data(ResidualKey, residual is not null);
        ctx.save_for_backward([input, weight]);
        return output;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GivenGradients.Compute(count: 4, [grad_output], () =>
    {
        var saved = ctx.get_saved_variables();
        var (input, weight, gradient) = (saved[0], saved[1], TensorMemory.Dense(grad_output, ScalarType.BFloat16));
        var rows = (int)(input.numel() / weight.numel());
        var blocks = Math.Min(rows, BackwardBlocks);
        var inputGradient = empty(input.shape, dtype: ScalarType.BFloat16, device: input.device);
        var weightSums = empty([blocks, weight.numel()], dtype: ScalarType.Float32, device: input.device);
        Launch("norm_backward", blocks, input, weight, new Arguments
        {
            Gradients = TensorMemory.Pointer(gradient),
            InputGradients = TensorMemory.Pointer(inputGradient),
            WeightSums = TensorMemory.Pointer(weightSums),
            Epsilon = (float)ctx.get_data(EpsilonKey),
        });
        var weightGradient = weightSums.sum(dim: 0).to(ScalarType.BFloat16);
        return (bool)ctx.get_data(ResidualKey) ? [inputGradient, weightGradient, grad_output.detach()] : [inputGradient, weightGradient];
    });

    private static void Launch(string name, int blocks, Tensor input, Tensor weight, Arguments arguments)
    {
        var size = (int)weight.numel();
        arguments.Inputs = TensorMemory.Pointer(input);
        arguments.Weights = TensorMemory.Pointer(weight);
        arguments.Rows = (int)(input.numel() / size);
        arguments.Size = size;
        // Whoever calls has asked for the kernels.
        TrainingKernels.For(input.device)!.Launch("elementwise", $"{name}_{(size <= SmallSize ? SmallSize : MaxSize)}", input.device, new LaunchShape(blocks, 1, Threads), arguments);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Inputs;
        public nint Weights;
        public nint Residual;
        public nint Outputs;
        public nint Gradients;
        public nint InputGradients;
        public nint WeightSums;
        public int Rows;
        public int Size;
        public float Epsilon;
    }
}
