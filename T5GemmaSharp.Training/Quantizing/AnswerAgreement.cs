namespace T5GemmaSharp.Training.Quantizing;

/// <summary>How far greedy answers of two models agree.</summary>
/// <param name="Same">Share of the answers that are equal.</param>
/// <param name="Common">Share of the tokens that answers begin with alike: after a first difference the models no longer see the same.</param>
internal readonly record struct AnswerAgreement(double Same, double Common)
{
    /// <summary>Compares answers to the same prompts.</summary>
    public static AnswerAgreement Of(IReadOnlyList<int[]> first, IReadOnlyList<int[]> second)
    {
        var pairs = first.Zip(second).ToArray();
        var common = pairs.Sum(pair => pair.First.AsSpan().CommonPrefixLength(pair.Second));
        return new AnswerAgreement(
            pairs.Average(pair => pair.First.AsSpan().SequenceEqual(pair.Second) ? 1.0 : 0),
            (double)common / Math.Max(1, pairs.Sum(pair => Math.Max(pair.First.Length, pair.Second.Length))));
    }
}
