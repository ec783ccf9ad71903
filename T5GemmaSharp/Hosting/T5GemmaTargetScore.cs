namespace T5GemmaSharp.Hosting;

/// <summary>How likely an answer is.</summary>
/// <param name="LogLikelihood">Sum of the natural logarithms of its tokens' probabilities.</param>
/// <param name="TokenCount">Number of its tokens, the end token included.</param>
public sealed record T5GemmaTargetScore(float LogLikelihood, int TokenCount)
{
    /// <summary>The same a token, which compares answers of different lengths; its negative exponential is the perplexity.</summary>
    public float Mean => LogLikelihood / Math.Max(1, TokenCount);
}
