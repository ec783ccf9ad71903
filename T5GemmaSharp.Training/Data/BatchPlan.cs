namespace T5GemmaSharp.Training.Data;

/// <summary>Which examples form which batch: a pure function of the lengths, the seed and the epoch.</summary>
public static class BatchPlan
{
    private const int MaximumBatchesPerBucket = 50;

    /// <summary>Plans one epoch.</summary>
    /// <remarks>
    /// Shuffles, cuts into buckets of up to 50 batches, sorts each bucket by length so that a batch holds sequences of like length, and
    /// shuffles the batches. The batch with the longest examples comes first, so that a lack of memory shows at once. Without a limit of tokens, examples that do
    /// not fill a batch are left out of this epoch, others of the next; with one, batches differ in their number of examples anyway.
    /// </remarks>
    /// <param name="count">Number of examples.</param>
    /// <param name="lengthOf">Their sizes.</param>
    /// <param name="limits">Size of a batch.</param>
    /// <param name="seed">The run's seed.</param>
    /// <param name="epoch">The epoch, from 0.</param>
    /// <returns>Indices of the examples of each batch.</returns>
    /// <exception cref="ArgumentException">There are fewer examples than one batch takes.</exception>
    public static IReadOnlyList<int[]> Create(int count, Func<int, ExampleLength> lengthOf, BatchLimits limits, ulong seed, int epoch)
    {
        ArgumentNullException.ThrowIfNull(lengthOf);
        ArgumentOutOfRangeException.ThrowIfLessThan(limits.Examples, 1);
        var batchSize = limits.Tokens is null ? limits.Examples : Math.Min(limits.Examples, Math.Max(1, count));
        if (count < batchSize || count == 0)
            throw new ArgumentException($"batchSize: expected at most the number of examples, {count}, got {batchSize}", nameof(limits));

        var order = Enumerable.Range(0, count).ToArray();
        new CounterRandom(seed, (ulong)epoch * 2).Shuffle<int>(order);
        var bucketSize = (int)Math.Min(int.MaxValue, Math.Clamp(count / (4L * batchSize), 1, MaximumBatchesPerBucket) * batchSize);
        var batches = order
            .Chunk(bucketSize)
            .SelectMany(bucket => limits.Cut(
                bucket.OrderByDescending(index => lengthOf(index).Encoder).ThenByDescending(index => lengthOf(index).Decoder).ThenBy(index => index), lengthOf))
            .Where(batch => limits.Tokens is not null || batch.Length == batchSize)
            .ToArray();
        new CounterRandom(seed, ((ulong)epoch * 2) + 1).Shuffle<int[]>(batches);

        var longest = Array.IndexOf(batches, batches.MaxBy(batch => batch.Max(index => lengthOf(index).Tokens)));
        (batches[0], batches[longest]) = (batches[longest], batches[0]);
        return batches;
    }
}
