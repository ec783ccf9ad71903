namespace T5GemmaSharp.Generation.Streaming;

/// <summary>A token of a result that is still growing.</summary>
/// <param name="Id">Its id.</param>
/// <param name="Text">The text that is final with it: nothing that follows can change it. Empty while a character or a stop string may be unfinished.</param>
/// <param name="LogProbability">Natural logarithm of the probability that the model gave it, before processors and sampling settings.</param>
/// <param name="FinishReason">Why the result ends with it; null when it goes on.</param>
public sealed record GeneratedToken(long Id, string Text, float LogProbability, FinishReason? FinishReason)
{
    /// <summary>With the last token: who computed the decoder's steps, and why nobody faster did. Else null.</summary>
    public DecodingRoute? Route { get; init; }
}
