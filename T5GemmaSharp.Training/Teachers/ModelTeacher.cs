using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>A model that runs beside the one that learns.</summary>
/// <param name="temperature">Divisor of both logits.</param>
internal abstract class ModelTeacher(double temperature) : ITeacher
{
    /// <inheritdoc/>
    public double Temperature => temperature;

    /// <summary>Number of its logits.</summary>
    public abstract long VocabSize { get; }

    /// <summary>Where it computes.</summary>
    public abstract Device Device { get; }

    /// <inheritdoc/>
    public abstract string? Fault(T5GemmaConfig student);

    /// <inheritdoc/>
    public ITeacherTargets Read(Seq2SeqBatch batch, Seq2SeqTensors tensors) => new ModelTargets(this, States(tensors));

    /// <summary>Its last hidden states at the targets, without graph.</summary>
    /// <returns>[N, D].</returns>
    public Tensor States(Seq2SeqTensors tensors)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(StatesOfTargets(tensors));
    }

    /// <summary>Its probabilities at its temperature, without graph.</summary>
    /// <param name="states">Some of <see cref="States"/>, [n, D].</param>
    /// <returns>Logarithms, float32 [n, V].</returns>
    public Tensor LogProbabilities(Tensor states)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        return scope.MoveToOuter(SoftenedLogits.LogProbabilities(ToLogits(states), temperature));
    }

    /// <inheritdoc cref="States"/>
    protected abstract Tensor StatesOfTargets(Seq2SeqTensors tensors);

    /// <summary>Its head.</summary>
    /// <param name="states">[n, D].</param>
    /// <returns>[n, V].</returns>
    protected abstract Tensor ToLogits(Tensor states);
}
