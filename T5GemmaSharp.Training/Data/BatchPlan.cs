namespace T5GemmaSharp.Training.Data;

/// <summary>Which examples form which batch: a pure function of the lengths, the seed and the epoch.</summary>
public static class BatchPlan
{
    private const int MaximumBatchesPerBucket = 50;

    /// <summary>Plans one epoch.</summary>
    /// <remarks>
    /// Shuffles, cuts into buckets of up to 50 batches, sorts each bucket by length so that a batch holds sequences of like length, and
    /// shuffles the batches. The batch with the longest examples comes first, so that a lack of memory shows at once. Examples that do not
    /// fill a batch are left out of this epoch, others of the next.
    /// </remarks>
    /// <param name="examples">The examples.</param>
    /// <param name="batchSize">Examples a batch.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <returns>Indices of the examples of each batch.</returns>
    /// <exception cref="ArgumentException">There are fewer examples than one batch takes.</exception>
    public static IReadOnlyList<int[]> Create(IReadOnlyList<Seq2SeqExample> examples, int batchSize, ulong seed, int epoch)
    {
        ArgumentNullException.ThrowIfNull(examples);
        ArgumentOutOfRangeException.ThrowIfLessThan(batchSize, 1);
        if (examples.Count < batchSize)
            throw new ArgumentException($"batchSize: expected at most the number of examples, {examples.Count}, got {batchSize}", nameof(batchSize));

        var order = Enumerable.Range(0, examples.Count).ToArray();
        new CounterRandom(seed, (ulong)epoch * 2).Shuffle<int>(order);
        var bucketSize = Math.Clamp(examples.Count / (4 * batchSize), 1, MaximumBatchesPerBucket) * batchSize;
        var batches = order
            .Chunk(bucketSize)
            .SelectMany(bucket => bucket
                .OrderByDescending(index => examples[index].InputIds.Length)
                .ThenByDescending(index => examples[index].Labels.Length)
                .ThenBy(index => index)
                .Chunk(batchSize))
            .Where(batch => batch.Length == batchSize)
            .ToArray();
        new CounterRandom(seed, ((ulong)epoch * 2) + 1).Shuffle<int[]>(batches);

        var longest = Array.IndexOf(batches, batches.MaxBy(batch => batch.Max(index => Cells(examples[index]))));
        (batches[0], batches[longest]) = (batches[longest], batches[0]);
        return batches;
    }

    private static int Cells(Seq2SeqExample example) => example.InputIds.Length + example.Labels.Length;
}
