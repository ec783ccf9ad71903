namespace T5GemmaSharp.Generation;

/// <summary>Settings of a generation are impossible or contradict each other; the message lists every fault.</summary>
public sealed class GenerationConfigException : ArgumentException
{
    /// <summary>Creates the exception.</summary>
    /// <param name="faults">One sentence a fault: setting, expected, actual.</param>
    public GenerationConfigException(IReadOnlyList<string> faults)
        : base(string.Join("; ", faults)) => Faults = faults;

    /// <summary>All faults, one sentence each.</summary>
    public IReadOnlyList<string> Faults { get; }
}
