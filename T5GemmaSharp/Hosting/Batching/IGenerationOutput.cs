namespace T5GemmaSharp.Hosting.Batching;

/// <summary>
/// Where an answer goes. Writing never waits: what a slow reader has not read yet is kept for it, at most the answer's greatest length, so that nobody holds up the model
/// thread or another's answer. Thread-safe.
/// </summary>
internal interface IGenerationOutput
{
    /// <summary>Adds a token; nothing happens when the answer has ended.</summary>
    void Write(in OutputToken token);

    /// <summary>Ends the answer; only the first call counts.</summary>
    /// <param name="error">Why it is not whole; null: it is.</param>
    void Complete(Exception? error);
}
