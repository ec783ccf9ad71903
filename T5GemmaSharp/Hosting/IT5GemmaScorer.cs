namespace T5GemmaSharp.Hosting;

/// <summary>Says how likely given answers are. Thread-safe.</summary>
public interface IT5GemmaScorer
{
    /// <summary>Scores answers to a source.</summary>
    /// <param name="source">What the encoder reads, as it is. Text that looks like a special token stays text.</param>
    /// <param name="targets">The answers; their end token counts too.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>A score for each answer, in their order.</returns>
    /// <exception cref="NotSupportedException">The model does not generate.</exception>
    /// <exception cref="ArgumentException">A text is null or too long.</exception>
    /// <exception cref="T5GemmaQueueFullException">As many requests as allowed are waiting.</exception>
    Task<IReadOnlyList<T5GemmaTargetScore>> ScoreAsync(string source, IEnumerable<string> targets, CancellationToken cancellationToken = default);
}
