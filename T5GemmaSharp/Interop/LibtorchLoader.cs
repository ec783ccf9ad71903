using System.Reflection;
using System.Runtime.Loader;
using TorchSharp;

namespace T5GemmaSharp.Interop;

/// <summary>
/// Answers the runtime when it finds one of TorchSharp's native libraries nowhere or cannot load it. The event comes only after
/// the runtime's own search has failed, so nothing happens on a system where that search succeeds.
/// </summary>
internal sealed class LibtorchLoader
{
    private const string TorchSharpLibrary = "LibTorchSharp";

    private readonly Lock _lock = new();
    private readonly LibtorchFolder? _application = LibtorchFolder.FindInApplication();
    private readonly IReadOnlyDictionary<string, nint> _preloaded = new Dictionary<string, nint>();
    private nint _libTorchSharp;

    /// <summary>Reads the environment; a libtorch that it names is loaded at once, so that every fault shows here.</summary>
    /// <exception cref="TorchNativeException">The folder that the environment names cannot be used.</exception>
    public LibtorchLoader(string? folderVariable)
    {
        Folder = _application;
        if (!string.IsNullOrEmpty(folderVariable))
        {
            Folder = LibtorchFolder.FromVariable(folderVariable, _application);
            _preloaded = Folder.Load();
        }
        if (AssemblyLoadContext.GetLoadContext(typeof(torch).Assembly) is { } context)
            context.ResolvingUnmanagedDll += Resolve;
    }

    /// <summary>The libtorch that the process uses, or null when none was found.</summary>
    public LibtorchFolder? Folder { get; }

    /// <summary>How TorchSharp's own library was loaded.</summary>
    public SymbolVersionCure Cure { get; private set; }

    private nint Resolve(Assembly assembly, string name)
    {
        if (_preloaded.TryGetValue(name, out var handle))
            return handle;
        if (name != TorchSharpLibrary || !OperatingSystem.IsLinux() || Folder is null)
            return 0;
        lock (_lock)
        {
            if (_libTorchSharp == 0 && LibTorchSharpLibrary.Find(LibtorchFolder.ApplicationFolders) is { } path)
            {
                Folder.Load();
                (_libTorchSharp, Cure) = LibTorchSharpLibrary.Load(path);
            }
            return _libTorchSharp;
        }
    }
}
