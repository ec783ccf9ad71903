using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers;

/// <summary>
/// The likeliest tokens of each target, and one bucket for all others: sum of p (log p - log q) over the k tokens and the bucket. It is at most the divergence over the
/// whole vocabulary, and the same where k is the whole vocabulary; nothing is scaled up to take the place of what is not stored.
/// </summary>
/// <param name="ids">int64 [N, k].</param>
/// <param name="known">Logarithms of the probabilities of these tokens, float32 [N, k].</param>
/// <param name="knownRest">Of all others together, float32 [N].</param>
internal sealed class StoredTargets(Tensor ids, Tensor known, Tensor knownRest) : ITeacherTargets
{
    /// <inheritdoc/>
    public Tensor Divergence(Tensor logProbabilities, long from)
    {
        using var scope = NewDisposeScope();
        var count = logProbabilities.size(0);
        var tokens = ids.narrow(0, from, count);
        var divergence = Parts(known.narrow(0, from, count), logProbabilities.gather(-1, tokens)).sum(-1);
        if (ids.size(1) < logProbabilities.size(1)) // else the bucket is empty, and its logarithm infinite
            divergence = divergence + Parts(knownRest.narrow(0, from, count), SoftenedLogits.LogRest(logProbabilities, tokens));
        return scope.MoveToOuter(divergence);
    }

    private static Tensor Parts(Tensor teacher, Tensor model) => teacher.exp() * (teacher - model);
}
