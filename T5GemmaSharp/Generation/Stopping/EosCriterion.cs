using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Stopping;

/// <summary>Ends a row with one of several tokens.</summary>
/// <remarks>HF: <c>EosTokenCriteria</c>.</remarks>
internal sealed class EosCriterion(IReadOnlyList<long> eosIds) : StoppingCriterion
{
    public override Tensor IsDone(Tensor inputIds)
    {
        var newest = inputIds.select(1, -1);
        var done = newest.eq(eosIds[0]);
        foreach (var id in eosIds.Skip(1))
            done.logical_or_(newest.eq(id));
        return done;
    }
}
