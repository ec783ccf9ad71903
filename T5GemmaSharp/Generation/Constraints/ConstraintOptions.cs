namespace T5GemmaSharp.Generation.Constraints;

/// <summary>Limits of a <see cref="TokenConstraint"/>.</summary>
public sealed record ConstraintOptions
{
    /// <summary>
    /// Most states of the automaton before it is made deterministic: about one for each character of a pattern, times the counts of the repetitions around it, times eight
    /// where any character fits. Default 100,000. <see cref="TokenConstraint.FromChoices"/> ignores it.
    /// </summary>
    public int MaxStates { get; init; } = 100_000;

    /// <summary>Memory for the states met so far and their allowed tokens, in bytes; when it is full, it starts anew. Default 64 MiB.</summary>
    public long MaxCacheBytes { get; init; } = 64L << 20;

    internal void Validate()
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxStates);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(MaxCacheBytes);
    }
}
