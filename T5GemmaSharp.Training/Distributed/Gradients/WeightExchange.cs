using T5GemmaSharp.Training.Optimization;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Gradients;

/// <summary>Gives every rank the weights that each rank has updated, and compares the weights of all ranks.</summary>
/// <param name="ranks">The ranks.</param>
/// <param name="parameters">The optimizer's parameters.</param>
/// <param name="layout">How their stretches are dealt to the ranks.</param>
internal sealed class WeightExchange(ICollectives ranks, IReadOnlyList<TrainedParameter> parameters, BucketLayout layout)
{
    private const long StretchElements = 1L << 26; // of a sum, whose temporaries are as large

    /// <summary>Gives every rank the stretches of all.</summary>
    public void Gather()
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        (Tensor All, ICollectiveHandle Handle)? before = null;
        for (var bucket = 0; bucket <= layout.Lengths.Count; bucket++)
        {
            var begun = bucket < layout.Lengths.Count ? Begin(bucket) : default((Tensor, ICollectiveHandle)?); // beside the copies of the one before
            if (before is var (all, handle))
            {
                handle.Wait();
                Spread(bucket - 1, all);
                all.Dispose();
            }

            before = begun;
        }
    }

    /// <summary>Gives every rank the weights of rank 0.</summary>
    public void FromFirst()
    {
        using var noGrad = no_grad();
        foreach (var parameter in parameters)
        {
            using var scope = NewDisposeScope();
            ranks.Broadcast(parameter.WholeWeights()).Wait();
        }
    }

    /// <summary>Compares the bits of all weights over the ranks.</summary>
    /// <param name="step">Steps done, for the message.</param>
    /// <exception cref="PeerLostException">They differ; the message names the first parameter and the ranks.</exception>
    public void Compare(int step)
    {
        using var noGrad = no_grad();
        var sums = ranks.Gather([.. parameters.Select(Checksum)]);
        for (var index = 0; index < parameters.Count; index++)
        {
            var others = Enumerable.Range(1, ranks.World - 1).Where(rank => sums[(rank * parameters.Count) + index] != sums[index]).ToList();
            if (others.Count > 0)
                throw new PeerLostException($"{parameters[index].Name}: expected the same weights on every rank after step {step}, rank {string.Join(", ", others)} has others than rank 0; a device may be faulty, or the ranks run different programs: go on from a checkpoint");
        }
    }

    private static long Checksum(TrainedParameter parameter)
    {
        const long factor = 1_000_003;
        var sum = 0L;
        for (long from = 0; from < parameter.WholeCount; from += StretchElements)
        {
            using var scope = NewDisposeScope();
            var weights = parameter.WholeWeights().narrow(0, from, Math.Min(StretchElements, parameter.WholeCount - from));
            var bits = Interop.TorchDispatcher.ViewAs(weights, parameter.DType == ScalarType.BFloat16 ? ScalarType.Int16 : ScalarType.Int32);
            sum = unchecked((sum * factor) + bits.sum(type: ScalarType.Int64).cpu().item<long>()); // the same in any order
        }

        return sum;
    }

    private (Tensor, ICollectiveHandle) Begin(int bucket)
    {
        var length = layout.Lengths[bucket];
        var (dtype, device) = (layout.DTypes[bucket], parameters[0].Device);
        var all = zeros([length], dtype: dtype, device: device);
        var own = zeros([length / ranks.World], dtype: dtype, device: device);
        foreach (var (index, slot) in layout.Slots.Index())
        {
            if (slot.Bucket == bucket && parameters[index].Count > 0)
                own.narrow(0, slot.From + parameters[index].From - (ranks.Rank * own.numel()), parameters[index].Count).copy_(parameters[index].Weights());
        }

        return (all, ranks.AllGather(own, all));
    }

    private void Spread(int bucket, Tensor all)
    {
        foreach (var (index, slot) in layout.Slots.Index())
        {
            if (slot.Bucket == bucket)
                parameters[index].WholeWeights().copy_(all.narrow(0, slot.From, slot.Count));
        }
    }
}
