using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Gradients;

/// <summary>
/// Gradients side by side in a few flat tensors, which are reduced one by one: the last parameter comes first, as backward passes have it, so that a bucket is full early. A pure
/// function of the parameters and the number of ranks.
/// </summary>
internal sealed class BucketLayout
{
    private const long Alignment = 64; // elements: stretches begin where kernels like to read

    private BucketLayout(BucketSlot[] slots, long[] lengths, ScalarType[] dtypes) => (Slots, Lengths, DTypes) = (slots, lengths, dtypes);

    /// <summary>The place of each parameter, in the order of the parameters.</summary>
    public IReadOnlyList<BucketSlot> Slots { get; }

    /// <summary>Elements of each bucket, a multiple of the number of ranks.</summary>
    public IReadOnlyList<long> Lengths { get; }

    /// <summary>Dtype of the parameters of each bucket.</summary>
    public IReadOnlyList<ScalarType> DTypes { get; }

    /// <summary>Lays out parameters.</summary>
    /// <param name="parameters">Elements and dtype of each.</param>
    /// <param name="elements">Elements of a bucket; a parameter that has more has one of its own.</param>
    /// <param name="world">Number of ranks.</param>
    public static BucketLayout Create(IReadOnlyList<(long Count, ScalarType DType)> parameters, long elements, int world)
    {
        var slots = new BucketSlot[parameters.Count];
        List<long> lengths = [];
        List<ScalarType> dtypes = [];
        var length = 0L;
        for (var index = parameters.Count - 1; index >= 0; index--)
        {
            var (count, dtype) = parameters[index];
            if (length > 0 && (length + count > elements || dtype != dtypes[^1]))
                Close();
            if (length == 0)
                dtypes.Add(dtype);
            slots[index] = new BucketSlot(lengths.Count, length, count);
            length += RoundUp(Math.Max(count, 1), Alignment);
        }

        if (length > 0)
            Close();
        return new BucketLayout(slots, [.. lengths], [.. dtypes]);

        void Close()
        {
            lengths.Add(RoundUp(length, Alignment * world));
            length = 0;
        }
    }

    /// <summary>The stretch of each parameter that a rank has when each bucket is cut into equal stretches, one a rank.</summary>
    public IReadOnlyList<(long From, long Count)> StretchesOf(int rank, int world)
        => [.. Slots.Select(slot => slot.Within(rank * (Lengths[slot.Bucket] / world), Lengths[slot.Bucket] / world))];

    private static long RoundUp(long value, long multiple) => (value + multiple - 1) / multiple * multiple;
}
