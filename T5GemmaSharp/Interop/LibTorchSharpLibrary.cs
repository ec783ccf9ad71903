using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.Win32.SafeHandles;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Interop;

/// <summary>Loads TorchSharp's own native library on Linux, also where libstdc++ is older than the one it was built with.</summary>
internal static partial class LibTorchSharpLibrary
{
    private const string FileName = "libLibTorchSharp.so";
    private const uint CloseOnExec = 1;

    // The file's only need of GCC 13; see SymbolVersionCure.
    private static ReadOnlySpan<byte> NewestVersion => "GLIBCXX_3.4.32"u8;

    /// <summary>Full path of the library in the first of <paramref name="folders"/> that has it, or null.</summary>
    public static string? Find(IEnumerable<string> folders)
        => folders.Select(folder => Path.Combine(folder, FileName)).FirstOrDefault(File.Exists);

    /// <summary>Loads the library; the libraries it needs must be loaded already.</summary>
    /// <param name="path">Full path of the file as TorchSharp ships it.</param>
    /// <exception cref="TorchNativeException">Neither the file nor a copy with the weak need can be loaded.</exception>
    public static (nint Handle, SymbolVersionCure Cure) Load(string path)
    {
        try
        {
            return (NativeLibrary.Load(path), SymbolVersionCure.NotNeeded);
        }
        catch (DllNotFoundException exception)
        {
            var image = ReadWithWeakNeed(path, exception);
            if (TryLoadFromMemory(image, out var handle))
                return (handle, SymbolVersionCure.Memory);
            if (TryLoadFromFile(image, CacheFolder(), out handle))
                return (handle, SymbolVersionCure.File);
            throw new TorchNativeException($"'{path}' cannot be loaded, and neither can a copy that does not insist on a newer libstdc++: {LibtorchFolder.LoaderMessage(exception)}", exception);
        }
    }

    /// <summary>The file's bytes with the need for the newest libstdc++ marked weak.</summary>
    /// <param name="path">Full path of the file.</param>
    /// <param name="cause">Why the file cannot be loaded as it is.</param>
    /// <exception cref="TorchNativeException">The file cannot be read, or does not have that need.</exception>
    public static byte[] ReadWithWeakNeed(string path, Exception cause)
    {
        try
        {
            var image = File.ReadAllBytes(path);
            if (ElfVersionNeeds.MarkWeak(image, NewestVersion))
                return image;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ElfFormatException)
        {
            throw new TorchNativeException($"'{path}' cannot be loaded ({LibtorchFolder.LoaderMessage(cause)}), nor read: {exception.Message}", exception);
        }
        throw new TorchNativeException($"'{path}' cannot be loaded: {LibtorchFolder.LoaderMessage(cause)}", cause);
    }

    /// <summary>Loads a library from a file in memory; false where the system refuses such files or their execution.</summary>
    public static bool TryLoadFromMemory(ReadOnlySpan<byte> image, out nint handle)
    {
        handle = 0;
        int descriptor;
        try
        {
            descriptor = CreateMemoryFile(FileName, CloseOnExec);
        }
        catch (EntryPointNotFoundException)
        {
            return false;
        }
        if (descriptor < 0)
            return false;
        using var file = new SafeFileHandle(descriptor, ownsHandle: true);
        RandomAccess.Write(file, image, fileOffset: 0);
        if (!NativeLibrary.TryLoad($"/proc/self/fd/{descriptor}", out handle))
            return false;
        // The descriptor stays open: a library loaded later under the same number would be taken for this one.
        file.SetHandleAsInvalid();
        return true;
    }

    /// <summary>Loads a library from a copy in <paramref name="cacheFolder"/>, or in a private temporary folder when that one is null or cannot be used.</summary>
    public static bool TryLoadFromFile(ReadOnlySpan<byte> image, string? cacheFolder, out nint handle)
    {
        if (cacheFolder is not null && TryWrite(image, Path.Combine(cacheFolder, Fingerprint(image)), out var cached) && NativeLibrary.TryLoad(cached, out handle))
            return true;

        var temporary = Directory.CreateTempSubdirectory("t5gemma-");   // readable by this user only
        try
        {
            handle = 0;
            return TryWrite(image, temporary.FullName, out var path) && NativeLibrary.TryLoad(path, out handle);
        }
        finally
        {
            temporary.Delete(recursive: true);   // what is mapped stays usable
        }
    }

    private static string? CacheFolder()
    {
        var root = Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData, Environment.SpecialFolderOption.DoNotVerify);
        return Path.IsPathFullyQualified(root) ? Path.Combine(root, "T5GemmaSharp", "native") : null;
    }

    private static string Fingerprint(ReadOnlySpan<byte> image) => Convert.ToHexStringLower(SHA256.HashData(image))[..16];

    private static bool TryWrite(ReadOnlySpan<byte> image, string folder, out string path)
    {
        path = Path.Combine(folder, FileName);
        try
        {
            Directory.CreateDirectory(folder);
            if (File.Exists(path) && image.SequenceEqual(File.ReadAllBytes(path)))
                return true;
            TemporaryFile.Write(path, image);
            return true;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    [LibraryImport("libc", EntryPoint = "memfd_create", StringMarshalling = StringMarshalling.Utf8, SetLastError = true)]
    private static partial int CreateMemoryFile(string name, uint flags);
}
