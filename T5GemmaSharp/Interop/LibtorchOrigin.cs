namespace T5GemmaSharp.Interop;

/// <summary>Where the process's libtorch came from.</summary>
public enum LibtorchOrigin
{
    /// <summary>No libtorch is loaded yet.</summary>
    NotLoaded,

    /// <summary>A package of the application, or the application's folder.</summary>
    Application,

    /// <summary>The folder that <see cref="TorchNative.FolderVariable"/> names.</summary>
    EnvironmentVariable,
}
