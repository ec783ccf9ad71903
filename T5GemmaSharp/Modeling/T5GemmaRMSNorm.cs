using T5GemmaSharp.Configuration;
using T5GemmaSharp.Interop;
using T5GemmaSharp.Kernels.Cuda.Training;
using TorchSharp.Modules;
using TorchSharp.Utils;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>Root mean square norm: x / sqrt(mean(x^2) + eps) * (1 + weight), in float32, rounded once at the end.</summary>
/// <remarks>HF: <c>T5GemmaRMSNorm</c>. The stored weight is an offset from one.</remarks>
public sealed class T5GemmaRMSNorm : nn.Module<Tensor, Tensor>
{
    private readonly double _eps;
    private readonly bool _mayUseKernels;

    internal T5GemmaRMSNorm(T5GemmaModuleConfig config, ModuleFactory factory)
        : this(config.HiddenSize, config.RmsNormEps, factory, config.AttnImplementation == AttentionImplementation.Auto)
    {
    }

    internal T5GemmaRMSNorm(long dim, double eps, ModuleFactory factory, bool mayUseKernels = false)
        : base(nameof(T5GemmaRMSNorm))
    {
        (_eps, _mayUseKernels) = (eps, mayUseKernels);
        Weight = factory.Parameter(dim);
        RegisterComponents();
    }

    /// <summary>Weight [D], an offset from one.</summary>
    [field: ComponentName(Name = "weight")]
    public Parameter Weight { get; }

    /// <summary>Maps [..., D] to [..., D], in the dtype of the input.</summary>
    /// <param name="input">Any floating tensor whose last axis is D.</param>
    public override Tensor forward(Tensor input)
    {
        if (UsesKernels(input))
            return FusedNorm.Call(input, Weight, residual: null, _eps);
        using var scope = NewDisposeScope();
        var hidden = input.to(ScalarType.Float32);
        // (1 + w) multiplies before the rounding to the input's dtype; Llama's order is the opposite.
        var scaled = TorchDispatcher.RmsNorm(hidden, [hidden.size(-1)], Weight.to(ScalarType.Float32) + 1.0, _eps);
        return scope.MoveToOuter(scaled.to(input.dtype));
    }

    /// <summary>residual + dropout(norm(input)).</summary>
    internal Tensor AddTo(Tensor residual, Tensor input, Dropout dropout)
    {
        // A hook wants to see what a module computes.
        if (UsesKernels(input) && dropout.p == 0 && !ModuleHooks.Any(this) && !ModuleHooks.Any(dropout))
            return FusedNorm.Call(input, Weight, residual, _eps);
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(residual + dropout.call(call(input)));
    }

    private bool UsesKernels(Tensor input) => training && _mayUseKernels && FusedNorm.Serves(input, Weight);
}
