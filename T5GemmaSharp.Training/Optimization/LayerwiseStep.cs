using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>A step that updates the parameters of each part of a model as soon as their gradients are whole, and lets the gradients go. It gives, bit for bit, what a step after the whole pass gives.</summary>
/// <param name="optimizer">The optimizer.</param>
/// <param name="learningRate">Learning rate of the step.</param>
/// <param name="gradientScale">Factor on every gradient.</param>
/// <param name="step">Steps before, for messages.</param>
internal sealed class LayerwiseStep(Optimizer optimizer, double learningRate, double gradientScale, int step) : IGradientReceiver, IDisposable
{
    private readonly Tensor[]?[] _norms = new Tensor[]?[optimizer.Parameters.Count]; // of what was taken
    private bool _isAccepted;

    /// <summary>Refuses a step whose loss is not finite, or the gradients of the head, while no parameter has changed yet.</summary>
    public bool Accepts(Tensor loss)
    {
        _isAccepted = double.IsFinite(loss.ToDouble()) && double.IsFinite(optimizer.GradientNorm());
        if (_isAccepted)
            optimizer.BeginStep();
        return _isAccepted;
    }

    /// <exception cref="TrainingDivergedException">A gradient is not finite. Other parameters have changed already, so that the step cannot be left out.</exception>
    public void Take(Parameter? unfinished = null)
    {
        using var noGrad = no_grad();
        var taken = Enumerable.Range(0, _norms.Length).Where(index => optimizer.Parameters[index].HasGradient && !optimizer.Parameters[index].Is(unfinished)).ToList();
        if (taken.FirstOrDefault(index => _norms[index] is not null, -1) is >= 0 and var again)
            throw new InvalidOperationException($"{optimizer.Parameters[again].Name}: expected one update a step, got a gradient after it; the parameter has several uses, which no task may tell as finished one by one");
        foreach (var index in taken)
            _norms[index] = [.. optimizer.NormsOf([index]).Select(norm => norm.DetachFromDisposeScope())];
        if (!double.IsFinite(Optimizer.JointNorm([.. taken.SelectMany(index => _norms[index]!)]))) // one wait for the device a part
            throw Diverged(taken);
        foreach (var index in taken)
        {
            optimizer.UpdateOne(index, learningRate, gradientScale);
            optimizer.Parameters[index].ClearGradient();
        }
    }

    /// <summary>Takes what is left.</summary>
    /// <returns>Norm of the whole gradient without its factor; not a number: the step was refused, and nothing has changed.</returns>
    public double Finish()
    {
        if (!_isAccepted)
            return double.NaN;
        Take();
        return Optimizer.JointNorm([.. _norms.SelectMany(norms => norms ?? [])]);
    }

    public void Dispose()
    {
        foreach (var norm in _norms.SelectMany(norms => norms ?? []))
            norm.Dispose();
    }

    private TrainingDivergedException Diverged(IEnumerable<int> taken)
    {
        var name = optimizer.Parameters[taken.First(index => !double.IsFinite(Optimizer.JointNorm(_norms[index]!)))].Name;
        return new TrainingDivergedException(
            $"step {step}: expected finite gradients, got one of {name} that is not, after other parameters of the step were updated; go on from the last checkpoint with a lower learning rate ({learningRate} now), or without releasing gradients early, which leaves such a step out");
    }
}
