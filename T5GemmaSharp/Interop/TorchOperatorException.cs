namespace T5GemmaSharp.Interop;

/// <summary>An operator of libtorch, called by its name, reported an error.</summary>
public sealed class TorchOperatorException : Exception
{
    /// <summary>Creates the exception.</summary>
    /// <param name="operatorName">Name with namespace and overload, for example <c>aten::view.dtype</c>.</param>
    /// <param name="detail">libtorch's message, or null where this libtorch only writes it to standard error.</param>
    public TorchOperatorException(string operatorName, string? detail)
        : base($"{operatorName} failed: {detail ?? "this version of libtorch writes the cause to standard error only."}")
        => OperatorName = operatorName;

    /// <summary>Name of the operator that failed.</summary>
    public string OperatorName { get; }
}
