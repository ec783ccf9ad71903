namespace T5GemmaSharp.Training.Distributed.Gradients;

/// <summary>Settings of training on several ranks.</summary>
public sealed record DataParallelOptions
{
    /// <summary>Bytes of gradients that are reduced together, float32. Default 25 MB.</summary>
    public long BucketBytes { get; init; } = 25_000_000;

    /// <summary>Whether each rank keeps and updates its share of the optimizer's state only (ZeRO-1). Default true.</summary>
    public bool ShardsOptimizer { get; init; } = true;

    /// <summary>Steps between comparisons of the weights over all ranks; they are compared before the first step too. 0: only there. Default 1000.</summary>
    public int ChecksumSteps { get; init; } = 1000;

    /// <summary>Checks every setting.</summary>
    /// <exception cref="ArgumentException">A setting is out of its range.</exception>
    public void Validate()
    {
        if (BucketBytes < sizeof(float))
            throw new ArgumentException($"BucketBytes: expected at least {sizeof(float)}, got {BucketBytes}");
        if (ChecksumSteps < 0)
            throw new ArgumentException($"ChecksumSteps: expected 0 or more, got {ChecksumSteps}");
    }
}
