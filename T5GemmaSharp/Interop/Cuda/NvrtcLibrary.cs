using System.Runtime.InteropServices;

namespace T5GemmaSharp.Interop.Cuda;

/// <summary>Finds NVRTC: beside libtorch as PyTorch's and TorchSharp's packages lay it out, or in an installed CUDA toolkit.</summary>
internal static class NvrtcLibrary
{
    /// <summary>Environment variable with the path of NVRTC's library, where the search does not find it.</summary>
    public const string PathVariable = "T5GEMMA_NVRTC";

    // The newest first: every one compiles for the devices that it knows.
    private static readonly int[] Majors = [13, 12, 11];

    /// <summary>Loads the library.</summary>
    /// <returns>Null when none is found.</returns>
    public static nint? Find()
    {
        foreach (var path in Candidates())
        {
            // NVRTC opens its builtins by their bare name, which finds them only once they are loaded.
            foreach (var builtins in Builtins(path))
                NativeLibrary.TryLoad(builtins, out _);
            if (NativeLibrary.TryLoad(path, out var library))
                return library;
        }
        return null;
    }

    /// <summary>Files in a folder that look like NVRTC itself, the newest first.</summary>
    internal static IEnumerable<string> In(string folder)
    {
        var pattern = OperatingSystem.IsWindows() ? "nvrtc64_*.dll" : "libnvrtc*.so*";
        return Directory.Exists(folder)
            ? Directory.EnumerateFiles(folder, pattern).Where(IsCompiler).OrderByDescending(Path.GetFileName, StringComparer.Ordinal)
            : [];
    }

    /// <summary>Folders where packages put NVRTC, given the folder of libtorch.</summary>
    internal static IEnumerable<string> Folders(string libtorch)
    {
        yield return libtorch;
        // PyTorch's packages from PyPI: site-packages/torch/lib, and site-packages/nvidia/cu13/lib or nvidia/cuda_nvrtc/lib.
        var packages = Path.Combine(libtorch, "..", "..", "nvidia");
        if (Directory.Exists(packages))
        {
            foreach (var package in Directory.EnumerateDirectories(packages).OrderDescending(StringComparer.Ordinal))
                yield return Path.Combine(package, OperatingSystem.IsWindows() ? "bin" : "lib");
        }
    }

    private static IEnumerable<string> Candidates()
    {
        if (Environment.GetEnvironmentVariable(PathVariable) is { Length: > 0 } given)
            yield return given;
        if (LoadedLibraries.Find(OperatingSystem.IsWindows() ? "nvrtc64_" : "libnvrtc.so") is { } loaded)
            yield return loaded;
        var folders = LibtorchFolder.ApplicationFolders.Concat(TorchNative.Describe().Folder is { } libtorch ? Folders(libtorch) : []);
        foreach (var path in folders.SelectMany(In))
            yield return path;
        foreach (var major in Majors)
            yield return OperatingSystem.IsWindows() ? $"nvrtc64_{major}0_0.dll" : $"libnvrtc.so.{major}";
        if (Environment.GetEnvironmentVariable("CUDA_PATH") is { Length: > 0 } toolkit)
        {
            foreach (var path in new[] { "bin", "lib64", Path.Combine("bin", "x64") }.SelectMany(folder => In(Path.Combine(toolkit, folder))))
                yield return path;
        }
        foreach (var path in In("/usr/local/cuda/lib64").Concat(In("/usr/lib/x86_64-linux-gnu")))
            yield return path;
    }

    private static IEnumerable<string> Builtins(string path)
    {
        var folder = Path.GetDirectoryName(path);
        return string.IsNullOrEmpty(folder) || !Directory.Exists(folder)
            ? []
            : Directory.EnumerateFiles(folder, OperatingSystem.IsWindows() ? "nvrtc-builtins64_*.dll" : "libnvrtc-builtins*.so*");
    }

    private static bool IsCompiler(string path)
    {
        var name = Path.GetFileName(path);
        return !name.Contains("builtins", StringComparison.Ordinal) && !name.Contains(".alt", StringComparison.Ordinal);
    }
}
