namespace T5GemmaSharp.Training.Probing;

/// <summary>How likely a convention makes the passages.</summary>
/// <param name="Convention">Name of the convention.</param>
/// <param name="HasModes">Whether there were mode tokens.</param>
/// <param name="Loss">Mean negative log-likelihood of the target tokens, sentinels and eos included, in nats.</param>
internal sealed record SentinelScore(string Convention, bool HasModes, double Loss);
