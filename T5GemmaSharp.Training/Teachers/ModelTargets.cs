using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>A model's states at the targets; its head, like that of the model that learns, computes a few targets at a time.</summary>
/// <param name="teacher">The model.</param>
/// <param name="states">Its states [N, D].</param>
internal sealed class ModelTargets(ModelTeacher teacher, Tensor states) : ITeacherTargets
{
    /// <inheritdoc/>
    public Tensor Divergence(Tensor logProbabilities, long from)
    {
        using var scope = NewDisposeScope();
        var known = teacher.LogProbabilities(states.narrow(0, from, logProbabilities.size(0)));
        return scope.MoveToOuter((known.exp() * (known - logProbabilities)).sum(-1));
    }
}
