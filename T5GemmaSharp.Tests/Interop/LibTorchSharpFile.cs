using System.Buffers.Binary;
using T5GemmaSharp.Interop;

namespace T5GemmaSharp.Tests.Interop;

/// <summary>TorchSharp's native library on Linux, with the version need as TorchSharp ships it, whatever was done to the package cache.</summary>
internal static class LibTorchSharpFile
{
    private const string NewestVersion = "GLIBCXX_3.4.32";

    /// <summary>Name of the file.</summary>
    public const string Name = "libLibTorchSharp.so";

    /// <summary>Whether this system's libstdc++ lacks the version.</summary>
    public static bool IsNewerThanSystem()
    {
        var library = LoadedLibraries.Find("libstdc++.so.6") ?? throw new InvalidOperationException("libstdc++ is not loaded.");
        return File.ReadAllBytes(library).AsSpan().IndexOf("GLIBCXX_3.4.32\0"u8) < 0;
    }

    /// <summary>The file's bytes with the version need not weak.</summary>
    public static byte[] AsShipped()
    {
        var path = LibTorchSharpLibrary.Find(LibtorchFolder.ApplicationFolders) ?? throw new FileNotFoundException(Name);
        var image = File.ReadAllBytes(path);
        Span<byte> hash = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32LittleEndian(hash, ElfHash(NewestVersion));
        var record = image.AsSpan().IndexOf(hash);
        image.AsSpan(record + 4, 2).Clear();
        return image;
    }

    private static uint ElfHash(string name)
    {
        uint hash = 0;
        foreach (var character in name)
        {
            hash = (hash << 4) + character;
            var high = hash & 0xF0000000;
            hash = (hash ^ (high >> 24)) & ~high;
        }
        return hash;
    }
}
