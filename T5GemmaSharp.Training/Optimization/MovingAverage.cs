using T5GemmaSharp.Training.Checkpointing;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Optimization;

/// <summary>An exponential moving average of an optimizer's exact weights: e = d e + (1 - d) w with d = min(decay, (1 + t) / (10 + t)).</summary>
public sealed class MovingAverage : IDisposable
{
    private readonly Optimizer _optimizer;
    private readonly double _decay;
    private readonly MomentTable _averages;

    /// <summary>Begins with the weights as they are.</summary>
    /// <param name="optimizer">The optimizer.</param>
    /// <param name="decay">Share of the old average, above 0 and below 1.</param>
    public MovingAverage(Optimizer optimizer, double decay)
    {
        ArgumentNullException.ThrowIfNull(optimizer);
        if (decay is not (> 0 and < 1))
            throw new ArgumentOutOfRangeException(nameof(decay), decay, $"decay: expected above 0 and below 1, got {decay}");
        (_optimizer, _decay, _averages) = (optimizer, decay, new MomentTable("ema", optimizer.Parameters));
        _optimizer.ForEachWeight((index, from, values) => _averages.Stretch(index, from, values.numel()).copy_(values));
    }

    /// <summary>Takes the weights after an update.</summary>
    public void Update()
    {
        var decay = Math.Min(_decay, (1.0 + _optimizer.Steps) / (10.0 + _optimizer.Steps));
        _optimizer.ForEachWeight((index, from, values) => _averages.Stretch(index, from, values.numel()).lerp_(values, 1 - decay));
    }

    /// <summary>Puts the averages into the model until the result is disposed; no update may happen meanwhile.</summary>
    public IDisposable Use()
    {
        using var noGrad = no_grad();
        var kept = _optimizer.Parameters.Select(parameter => parameter.Weights().clone().DetachFromDisposeScope()).ToArray();
        for (var index = 0; index < kept.Length; index++)
        {
            using var scope = NewDisposeScope();
            _optimizer.Parameters[index].Weights().copy_(_averages.Stretch(index, 0, _optimizer.Parameters[index].Count));
        }

        _optimizer.Changed?.Invoke();
        return new Exchange(_optimizer, kept);
    }

    /// <summary>What a checkpoint keeps, by name. The tensors are this object's own.</summary>
    public IReadOnlyDictionary<string, Tensor> State()
        => Enumerable.Range(0, _optimizer.Parameters.Count).Where(index => _optimizer.Parameters[index].Count > 0).Select(_averages.State).ToDictionary(item => item.Key, item => item.Value);

    /// <summary>Goes on from what <see cref="State"/> has given.</summary>
    /// <param name="state">The tensors.</param>
    /// <exception cref="InvalidDataException">A tensor is missing or has another shape or dtype.</exception>
    public void Load(OptimizerFile state)
    {
        ArgumentNullException.ThrowIfNull(state);
        foreach (var (name, tensor) in State())
            state.CopyTo(name, tensor);
    }

    /// <inheritdoc/>
    public void Dispose() => _averages.Dispose();

    private sealed class Exchange(Optimizer optimizer, Tensor[] kept) : IDisposable
    {
        public void Dispose()
        {
            using var noGrad = no_grad();
            for (var index = 0; index < kept.Length; index++)
            {
                using var scope = NewDisposeScope();
                optimizer.Parameters[index].Weights().copy_(kept[index]);
                kept[index].Dispose();
            }

            optimizer.Changed?.Invoke();
        }
    }
}
