namespace T5GemmaSharp.Tokenization.Chat.Jinja.Values;

/// <summary>What a missing variable, attribute or item gives: it prints as nothing, and most uses of it are errors.</summary>
/// <param name="problem">What such a use says.</param>
internal sealed class JinjaUndefined(string problem)
{
    /// <summary>What a use of it says.</summary>
    public string Problem { get; } = problem;
}
