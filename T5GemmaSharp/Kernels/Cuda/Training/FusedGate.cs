using System.Runtime.InteropServices;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Kernels.Cuda.Training;

/// <summary>The gate of a feed-forward block in a training pass, gelu_tanh(gate) * up, by one kernel.</summary>
/// <remarks>A derivative of the derivative is not recorded.</remarks>
internal sealed class FusedGate : autograd.SingleTensorFunction<FusedGate>
{
    private const int VectorSize = 8;
    private const int Threads = 256;
    private const int MaxBlocks = 132 * 32;

    /// <inheritdoc/>
    public override string Name => nameof(FusedGate);

    /// <summary>Whether kernels can take the gate of a stack's states.</summary>
    /// <param name="input">[B, T, D].</param>
    /// <param name="config">The stack.</param>
    public static bool Serves(Tensor input, T5GemmaModuleConfig config)
        => config.AttnImplementation == AttentionImplementation.Auto && config.IntermediateSize % VectorSize == 0 && input.dtype == ScalarType.BFloat16 && input.numel() > 0
        && config.HiddenActivation is HiddenActivation.GeluPytorchTanh or HiddenActivation.GeluNew or HiddenActivation.GeluFast
        && TrainingKernels.For(input.device) is not null;

    /// <summary>Computes gelu_tanh(gate) * up.</summary>
    /// <param name="gate">[..., I], bfloat16.</param>
    /// <param name="up">[..., I].</param>
    public static Tensor Call(Tensor gate, Tensor up)
    {
        BackwardFault.Rethrow();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(apply(TensorMemory.Dense(gate, ScalarType.BFloat16), TensorMemory.Dense(up, ScalarType.BFloat16)));
    }

    /// <inheritdoc/>
    public override Tensor forward(autograd.AutogradContext ctx, params object[] vars)
    {
        ArgumentNullException.ThrowIfNull(ctx);
        ArgumentNullException.ThrowIfNull(vars);
        var (gate, up) = ((Tensor)vars[0], (Tensor)vars[1]);
        var output = empty(gate.shape, dtype: ScalarType.BFloat16, device: gate.device);
        Launch("gate_up", gate, up, new Arguments { Outputs = TensorMemory.Pointer(output) });
        ctx.save_for_backward([gate, up]);
        return output;
    }

    /// <inheritdoc/>
    public override List<Tensor> backward(autograd.AutogradContext ctx, Tensor grad_output) => GivenGradients.Compute(count: 2, [grad_output], () =>
    {
        var saved = ctx.get_saved_variables();
        var (gate, up, gradient) = (saved[0], saved[1], TensorMemory.Dense(grad_output, ScalarType.BFloat16));
        var (gateGradient, upGradient) = (empty(gate.shape, dtype: ScalarType.BFloat16, device: gate.device), empty(up.shape, dtype: ScalarType.BFloat16, device: up.device));
        Launch("gate_up_backward", gate, up, new Arguments
        {
            Gradients = TensorMemory.Pointer(gradient),
            GateGradients = TensorMemory.Pointer(gateGradient),
            UpGradients = TensorMemory.Pointer(upGradient),
        });
        return [gateGradient, upGradient];
    });

    private static void Launch(string name, Tensor gate, Tensor up, Arguments arguments)
    {
        arguments.Gate = TensorMemory.Pointer(gate);
        arguments.Up = TensorMemory.Pointer(up);
        arguments.Vectors = gate.numel() / VectorSize;
        var blocks = (int)Math.Clamp((arguments.Vectors + Threads - 1) / Threads, 1, MaxBlocks);
        TrainingKernels.For(gate.device)!.Launch("elementwise", name, gate.device, new LaunchShape(blocks, 1, Threads), arguments); // whoever calls has asked for the kernels
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct Arguments
    {
        public nint Gate;
        public nint Up;
        public nint Outputs;
        public nint Gradients;
        public nint GateGradients;
        public nint UpGradients;
        public long Vectors;
    }
}
