namespace T5GemmaSharp.Configuration;

/// <summary>A configuration is not valid; the message lists every fault.</summary>
public sealed class T5GemmaConfigException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="source">What was read or checked, for example a file path.</param>
    /// <param name="faults">One sentence a fault: field, expected, actual.</param>
    /// <param name="innerException">The cause, if there is one.</param>
    public T5GemmaConfigException(string source, IReadOnlyList<string> faults, Exception? innerException = null)
        : base($"{source}: {string.Join("; ", faults)}", innerException) => Faults = faults;

    /// <summary>All faults, one sentence each.</summary>
    public IReadOnlyList<string> Faults { get; }
}
