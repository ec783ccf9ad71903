using T5GemmaSharp.Interop;
using T5GemmaSharp.Tests.Interop;

namespace T5GemmaSharp.Tests.Support;

/// <summary>A copy of this test program in a temporary folder, with chosen native libraries, to be run as a child process.</summary>
internal sealed class TestProgramCopy : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("t5gemma-tests-");

    /// <summary>Copies the managed files; native ones are added by the caller.</summary>
    public TestProgramCopy()
    {
        foreach (var file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => Path.GetExtension(file) is ".dll" or ".json"))
            File.Copy(file, Path.Combine(_folder.FullName, Path.GetFileName(file)));
        NativeFolder = Directory.CreateDirectory(Path.Combine(_folder.FullName, "runtimes", "linux-x64", "native")).FullName;
    }

    /// <summary>The copy's folder of native libraries.</summary>
    public string NativeFolder { get; }

    /// <summary>Links the libtorch that this process uses into the copy.</summary>
    public void LinkLibtorch()
    {
        foreach (var file in Directory.GetFiles(LoadedLibtorchFolder(), "lib*.so*").Where(file => Path.GetFileName(file) != LibTorchSharpFile.Name))
            File.CreateSymbolicLink(Path.Combine(NativeFolder, Path.GetFileName(file)), file);
    }

    /// <summary>Folder of the libtorch that this process uses.</summary>
    public static string LoadedLibtorchFolder()
        => TorchNative.Describe().Folder ?? throw new InvalidOperationException("libtorch is not loaded.");

    /// <summary>Runs the tests of the copy whose names match.</summary>
    /// <param name="filter">Part of the full name.</param>
    /// <param name="libtorch">Value of <see cref="TorchNative.FolderVariable"/>, or null for none.</param>
    /// <returns>The exit code and everything printed.</returns>
    public (int ExitCode, string Output) Run(string filter, string? libtorch)
    {
        // Without a package cache, TorchSharp cannot copy libtorch out of it after a failure and so succeed by accident.
        var environment = new Dictionary<string, string?> { ["T5GEMMA_LIBTORCH"] = libtorch, ["NUGET_PACKAGES"] = Path.Combine(_folder.FullName, "none") };
        return DotnetCommand.Run(_folder.FullName, [Path.Combine(_folder.FullName, "T5GemmaSharp.Tests.dll"), "--filter", $"FullyQualifiedName~{filter}"], environment);
    }

    public void Dispose() => _folder.Delete(recursive: true);
}
