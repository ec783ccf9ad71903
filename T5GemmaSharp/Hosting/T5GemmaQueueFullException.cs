namespace T5GemmaSharp.Hosting;

/// <summary>As many requests as allowed are waiting. A web service answers with 429 and <c>Retry-After</c>.</summary>
public sealed class T5GemmaQueueFullException : InvalidOperationException
{
    /// <summary>Creates the exception without details.</summary>
    public T5GemmaQueueFullException()
        : this("The queue is full.")
    {
    }

    /// <summary>Creates the exception with a message.</summary>
    /// <param name="message">What is wrong.</param>
    public T5GemmaQueueFullException(string message)
        : base(message)
    {
    }

    /// <summary>Creates the exception with a message and its cause.</summary>
    /// <param name="message">What is wrong.</param>
    /// <param name="innerException">The cause.</param>
    public T5GemmaQueueFullException(string message, Exception? innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Creates the exception for a queue.</summary>
    /// <param name="capacity">Requests that may wait.</param>
    /// <param name="retryAfter">When there is likely to be room.</param>
    public T5GemmaQueueFullException(int capacity, TimeSpan retryAfter)
        : this($"the queue is full: {capacity} requests are waiting; try again in {Math.Ceiling(retryAfter.TotalSeconds):0} s, or raise QueueCapacity") => RetryAfter = retryAfter;

    /// <summary>When there is likely to be room, from the time that the last requests took; whole seconds, at least one.</summary>
    public TimeSpan RetryAfter { get; } = TimeSpan.FromSeconds(1);
}
