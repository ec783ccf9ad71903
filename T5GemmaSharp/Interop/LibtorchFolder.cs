using System.Runtime.InteropServices;
using TorchSharp;

namespace T5GemmaSharp.Interop;

/// <summary>A folder that holds libtorch, and the loading of libtorch from it.</summary>
internal sealed record LibtorchFolder(string Path, LibtorchOrigin Origin)
{
    // Each library after those it needs: a copy of TorchSharp's library that lies elsewhere finds them by name once they are loaded.
    private static readonly (string Name, bool Required)[] LoadOrder =
        [("c10", true), ("torch_cpu", true), ("c10_cuda", false), ("torch_cuda", false), ("torch", true)];

    /// <summary>Folders in which the runtime, or TorchSharp beside it, looks for native libraries of the application.</summary>
    public static IReadOnlyList<string> ApplicationFolders { get; } = ListApplicationFolders();

    /// <summary>Full path of libtorch's main library in this folder.</summary>
    public string MainLibrary => System.IO.Path.Combine(Path, FileName("torch_cpu"));

    /// <summary>The operating system's file name of a library: <c>libtorch.so</c>, <c>torch.dll</c>, <c>libtorch.dylib</c>.</summary>
    public static string FileName(string library)
    {
        if (OperatingSystem.IsWindows())
            return library + ".dll";
        return OperatingSystem.IsMacOS() ? $"lib{library}.dylib" : $"lib{library}.so";
    }

    /// <summary>The application's own libtorch, or null when it brings none.</summary>
    public static LibtorchFolder? FindInApplication() => FindIn(ApplicationFolders);

    /// <summary>The first of <paramref name="folders"/> with a libtorch, or null.</summary>
    public static LibtorchFolder? FindIn(IEnumerable<string> folders)
    {
        var folder = folders.FirstOrDefault(candidate => File.Exists(System.IO.Path.Combine(candidate, FileName("torch_cpu"))));
        return folder is null ? null : new LibtorchFolder(folder, LibtorchOrigin.Application);
    }

    /// <summary>The libtorch that the environment variable names.</summary>
    /// <param name="value">Value of <see cref="TorchNative.FolderVariable"/>.</param>
    /// <param name="application">The application's own libtorch, or null.</param>
    /// <exception cref="TorchNativeException">The folder does not exist or is not libtorch's, or the application brings another copy.</exception>
    public static LibtorchFolder FromVariable(string value, LibtorchFolder? application)
    {
        const string variable = TorchNative.FolderVariable;
        var folder = new LibtorchFolder(System.IO.Path.GetFullPath(value), LibtorchOrigin.EnvironmentVariable);
        if (!Directory.Exists(folder.Path))
            throw new TorchNativeException($"{variable} is '{value}', which is not a folder. Set it to the folder of {FileName("torch_cpu")} (of Python's PyTorch: site-packages/torch/lib), or unset it.");
        foreach (var (name, _) in LoadOrder.Where(library => library.Required))
        {
            if (!File.Exists(System.IO.Path.Combine(folder.Path, FileName(name))))
                throw new TorchNativeException($"{variable} is '{value}', which holds no {FileName(name)}.{Hint(folder.Path)}");
        }
        if (application is null)
            return folder;
        if (FinalTarget(application.MainLibrary) == FinalTarget(folder.MainLibrary))
            return application;
        throw new TorchNativeException(
            $"{variable} is '{value}', but the application brings its own libtorch in '{application.Path}'. Two copies in one process would abort it. "
            + $"Unset {variable}, or build with -p:TorchBackend=none.");
    }

    /// <summary>Loads every library of the folder by its full path; a library that is loaded already stays.</summary>
    /// <returns>The loaded libraries by name.</returns>
    /// <exception cref="TorchNativeException">A library cannot be loaded.</exception>
    public IReadOnlyDictionary<string, nint> Load()
    {
        var handles = new Dictionary<string, nint>();
        foreach (var (name, required) in LoadOrder)
        {
            var path = System.IO.Path.Combine(Path, FileName(name));
            if (!required && !File.Exists(path))
                continue;
            try
            {
                handles[name] = NativeLibrary.Load(path);
            }
            catch (Exception exception) when (exception is DllNotFoundException or BadImageFormatException)
            {
                throw new TorchNativeException($"'{path}' cannot be loaded: {LoaderMessage(exception)}", exception);
            }
        }
        return handles;
    }

    /// <summary>The operating system's own words on a failed load: .NET puts general advice on the first line, and them after it.</summary>
    public static string LoaderMessage(Exception exception)
    {
        var lines = exception.Message.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        return string.Join("; ", lines.Length > 1 ? lines[1..] : lines);
    }

    private static string Hint(string path)
    {
        var library = System.IO.Path.Combine(path, "lib");
        return File.Exists(System.IO.Path.Combine(library, FileName("torch_cpu")))
            ? $" Set it to '{library}'."
            : " Set it to the folder that holds libtorch (of Python's PyTorch: site-packages/torch/lib), or unset it.";
    }

    private static string FinalTarget(string path)
        => File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? System.IO.Path.GetFullPath(path);

    private static List<string> ListApplicationFolders()
    {
        var system = OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux";
        var architecture = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64";
        var folders = ((string?)AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") ?? "")
            .Split(System.IO.Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries).ToList();
        folders.Add(AppContext.BaseDirectory);
        folders.Add(System.IO.Path.Combine(AppContext.BaseDirectory, "runtimes", $"{system}-{architecture}", "native"));
        // In a notebook TorchSharp lies in its package, apart from the application. In a single-file program it has no location.
        if (System.IO.Path.GetDirectoryName(typeof(torch).Assembly.Location) is { Length: > 0 } managed)
            folders.Add(managed);
        return folders.Select(System.IO.Path.GetFullPath).Distinct().ToList();
    }
}
