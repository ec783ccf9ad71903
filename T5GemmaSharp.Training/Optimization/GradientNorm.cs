using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>Size of the whole gradient.</summary>
public static class GradientNorm
{
    /// <summary>Euclidean norm over all gradients together; not finite when any element is not.</summary>
    /// <param name="parameters">The parameters; those without gradient count as 0.</param>
    public static double Compute(IEnumerable<Parameter> parameters)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var norms = parameters.Select(parameter => parameter.grad).OfType<Tensor>().Select(gradient => gradient.norm()).ToList();
        return norms.Count == 0 ? 0 : stack(norms).norm().ToDouble();
    }

    /// <summary>Factor that brings a gradient of this norm down to the limit; 1 when it is within.</summary>
    /// <param name="norm">Norm of the gradient.</param>
    /// <param name="limit">Largest norm; 0 for no limit.</param>
    public static double ClipFactor(double norm, double limit) => limit > 0 ? Math.Min(1, limit / (norm + 1e-6)) : 1;
}
