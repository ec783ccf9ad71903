using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>Adam with decoupled weight decay, for float32 parameters.</summary>
/// <remarks>m = b1 m + (1-b1) g; v = b2 v + (1-b2) g²; w = w (1 - lr wd) - lr/(1-b1^t) m / (sqrt(v/(1-b2^t)) + eps).</remarks>
public sealed class AdamW : IDisposable
{
    private readonly AdamWOptions _options;
    private readonly List<State> _states;
    private int _step;

    /// <summary>Creates the optimizer with zero moments beside each parameter.</summary>
    /// <param name="parameters">Names and parameters; those that need no gradient are left out.</param>
    /// <param name="options">The constants.</param>
    /// <exception cref="ArgumentException">A parameter is not float32.</exception>
    public AdamW(IEnumerable<(string Name, Parameter Parameter)> parameters, AdamWOptions options)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        ArgumentNullException.ThrowIfNull(options);
        _options = options;
        _states = [.. parameters.Where(item => item.Parameter.requires_grad).Select(item => CreateState(item.Name, item.Parameter))];
    }

    /// <summary>Updates every parameter that has a gradient.</summary>
    /// <param name="learningRate">Learning rate of this step.</param>
    /// <param name="gradientScale">Factor on every gradient, for clipping.</param>
    public void Step(double learningRate, double gradientScale = 1)
    {
        _step++;
        var stepSize = learningRate / (1 - Math.Pow(_options.Beta1, _step));
        var rootCorrection = Math.Sqrt(1 - Math.Pow(_options.Beta2, _step));
        using var noGrad = no_grad();
        foreach (var state in _states)
        {
            // A scope for each parameter: the temporaries of all of them together would double the memory.
            using var scope = NewDisposeScope();
            if (state.Parameter.grad is { } gradient)
                Update(state, gradientScale == 1 ? gradient : gradient * gradientScale, learningRate, stepSize, rootCorrection);
        }
    }

    /// <summary>Forgets all gradients.</summary>
    public void ClearGradients()
    {
        foreach (var state in _states)
        {
            using var gradient = state.Parameter.grad;
            state.Parameter.grad = null;
        }
    }

    /// <summary>Releases the moments.</summary>
    public void Dispose()
    {
        foreach (var state in _states)
        {
            state.Mean.Dispose();
            state.MeanSquare.Dispose();
        }
    }

    /// <summary>Whether weight decay applies: not to biases and norms.</summary>
    /// <remarks>HF: <c>Trainer.get_decay_parameter_names</c>.</remarks>
    /// <param name="name">Name of a parameter in the state dict.</param>
    public static bool IsDecayed(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        return !name.Split('.').Any(part => part is "bias" or "norm" || part.EndsWith("_norm", StringComparison.OrdinalIgnoreCase)
            || part.Contains("layernorm", StringComparison.OrdinalIgnoreCase) || part.Contains("rmsnorm", StringComparison.OrdinalIgnoreCase));
    }

    private State CreateState(string name, Parameter parameter)
    {
        if (parameter.dtype != ScalarType.Float32)
            throw new ArgumentException($"{name}: expected float32, got {parameter.dtype}");
        return new State(
            parameter,
            zeros_like(parameter).DetachFromDisposeScope(),
            zeros_like(parameter).DetachFromDisposeScope(),
            IsDecayed(name) ? _options.WeightDecay : 0);
    }

    private void Update(State state, Tensor gradient, double learningRate, double stepSize, double rootCorrection)
    {
        state.Mean.lerp_(gradient, 1 - _options.Beta1);
        state.MeanSquare.mul_(_options.Beta2).addcmul_(gradient, gradient, 1 - _options.Beta2);
        if (state.WeightDecay != 0)
            state.Parameter.mul_(1 - (learningRate * state.WeightDecay));
        var denominator = state.MeanSquare.sqrt().div_(rootCorrection).add_(_options.Epsilon);
        state.Parameter.addcdiv_(state.Mean, denominator, -stepSize);
    }

    private sealed record State(Parameter Parameter, Tensor Mean, Tensor MeanSquare, double WeightDecay);
}
