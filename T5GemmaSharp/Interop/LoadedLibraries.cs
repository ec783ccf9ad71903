using System.Diagnostics;

namespace T5GemmaSharp.Interop;

/// <summary>Looks through the native libraries that the process has loaded.</summary>
internal static class LoadedLibraries
{
    /// <summary>Full path of the first loaded library whose file name begins with <paramref name="prefix"/>, or null.</summary>
    public static string? Find(string prefix)
    {
        using var process = Process.GetCurrentProcess();
        return process.Modules.Cast<ProcessModule>()
            .FirstOrDefault(module => module.ModuleName.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))?.FileName;
    }
}
