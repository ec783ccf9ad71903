namespace T5GemmaSharp.Hosting;

/// <summary>Labels texts and words with a model that has a classification head. Thread-safe; requests share passes of the model.</summary>
public interface IT5GemmaClassifier
{
    /// <summary>Names of the classes by their ids.</summary>
    /// <param name="cancellationToken">Ends the wait for a model that is being loaded.</param>
    Task<IReadOnlyList<string>> GetLabelsAsync(CancellationToken cancellationToken = default);

    /// <summary>Labels whole texts.</summary>
    /// <param name="texts">The texts. Text that looks like a special token stays text.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>A prediction for each text, in their order.</returns>
    /// <exception cref="NotSupportedException">The model's head labels words, or it has none.</exception>
    /// <exception cref="ArgumentException">A text is null or too long.</exception>
    /// <exception cref="T5GemmaQueueFullException">As many requests as allowed are waiting.</exception>
    Task<IReadOnlyList<T5GemmaTextPrediction>> ClassifyAsync(IEnumerable<string> texts, CancellationToken cancellationToken = default);

    /// <summary>Labels the words of texts: what blanks part.</summary>
    /// <param name="texts">The texts, at least one word each. Text that looks like a special token stays text.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    /// <returns>A prediction for each word of each text, in their order.</returns>
    /// <exception cref="NotSupportedException">The model's head labels whole texts, or it has none.</exception>
    /// <exception cref="ArgumentException">A text is null, too long, or has no words.</exception>
    /// <exception cref="T5GemmaQueueFullException">As many requests as allowed are waiting.</exception>
    Task<IReadOnlyList<IReadOnlyList<T5GemmaWordPrediction>>> ClassifyWordsAsync(IEnumerable<string> texts, CancellationToken cancellationToken = default);
}
