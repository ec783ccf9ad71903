namespace T5GemmaSharp.Training.Data;

/// <summary>The batches of a run, epoch after epoch; batch k depends on the examples, the seed and k alone.</summary>
public sealed class BatchSequence
{
    private readonly IReadOnlyList<Seq2SeqExample> _examples;
    private readonly int _batchSize;
    private readonly ulong _seed;
    private IReadOnlyList<int[]> _plan;
    private int _epoch;

    /// <summary>Plans the first epoch.</summary>
    /// <param name="examples">The examples.</param>
    /// <param name="batchSize">Examples a batch.</param>
    /// <param name="seed">The run's seed.</param>
    /// <exception cref="ArgumentException">There are fewer examples than one batch takes.</exception>
    public BatchSequence(IReadOnlyList<Seq2SeqExample> examples, int batchSize, ulong seed)
    {
        (_examples, _batchSize, _seed) = (examples, batchSize, seed);
        _plan = BatchPlan.Create(examples, batchSize, seed, epoch: 0);
    }

    /// <summary>Batches an epoch.</summary>
    public int BatchesPerEpoch => _plan.Count;

    /// <summary>The examples of batch <paramref name="index"/> of the run.</summary>
    public IReadOnlyList<Seq2SeqExample> this[int index]
    {
        get
        {
            var epoch = index / BatchesPerEpoch;
            if (epoch != _epoch)
                (_plan, _epoch) = (BatchPlan.Create(_examples, _batchSize, _seed, epoch), epoch);
            return [.. _plan[index % BatchesPerEpoch].Select(example => _examples[example])];
        }
    }
}
