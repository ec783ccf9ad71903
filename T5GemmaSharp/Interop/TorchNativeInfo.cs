namespace T5GemmaSharp.Interop;

/// <summary>What is known about the process's libtorch.</summary>
public sealed record TorchNativeInfo
{
    /// <summary>Where libtorch came from.</summary>
    public required LibtorchOrigin Origin { get; init; }

    /// <summary>Folder of the loaded <c>libtorch_cpu</c>, links resolved; null when nothing is loaded or the system does not tell.</summary>
    public required string? Folder { get; init; }

    /// <summary>Version of the loaded libtorch; null when nothing is loaded or it is older than 2.9, which does not tell.</summary>
    public required Version? Version { get; init; }

    /// <summary>Version of libtorch that TorchSharp was built for.</summary>
    public required Version ExpectedVersion { get; init; }

    /// <summary>Whether libtorch's CUDA part is loaded; a driver and a device may still be missing.</summary>
    public required bool HasCuda { get; init; }

    /// <summary>Whether TorchSharp's native library needed help with an older libstdc++.</summary>
    public required SymbolVersionCure Cure { get; init; }

    /// <summary>One line for logs and bug reports.</summary>
    public override string ToString()
    {
        if (Origin == LibtorchOrigin.NotLoaded)
            return "libtorch is not loaded";
        var version = Version is null ? "of unknown version" : Version.ToString();
        var remark = Version is not null && (Version.Major, Version.Minor) != (ExpectedVersion.Major, ExpectedVersion.Minor)
            ? $" (TorchSharp was built for {ExpectedVersion})"
            : "";
        return $"libtorch {version}{remark}, {(HasCuda ? "CUDA" : "CPU")} build, from {Folder ?? "an unknown folder"} ({Origin}), symbol version cure: {Cure}";
    }
}
