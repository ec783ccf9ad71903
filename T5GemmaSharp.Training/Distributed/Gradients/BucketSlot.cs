namespace T5GemmaSharp.Training.Distributed.Gradients;

/// <summary>Where the gradient of a parameter lies.</summary>
/// <param name="Bucket">The bucket.</param>
/// <param name="From">First element there.</param>
/// <param name="Count">Elements of the parameter.</param>
internal readonly record struct BucketSlot(int Bucket, long From, long Count)
{
    /// <summary>The stretch of the parameter that lies within a stretch of the bucket.</summary>
    /// <param name="from">First element of the stretch of the bucket.</param>
    /// <param name="count">Its elements.</param>
    /// <returns>First element of the parameter, and the number of elements; 0: none lies there.</returns>
    public (long From, long Count) Within(long from, long count)
    {
        var (begin, end) = (Math.Max(From, from), Math.Min(From + Count, from + count));
        return begin < end ? (begin - From, end - begin) : (0, 0);
    }
}
