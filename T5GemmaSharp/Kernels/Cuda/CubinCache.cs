using System.Security.Cryptography;
using System.Text;
using T5GemmaSharp.Checkpoints;

namespace T5GemmaSharp.Kernels.Cuda;

/// <summary>Compiled kernels on the disk, so that a process starts without compiling. Several processes may use a folder at once.</summary>
/// <param name="folder">The folder; it is made when it is needed.</param>
internal sealed class CubinCache(string folder)
{
    /// <summary>Environment variable with the folder.</summary>
    public const string FolderVariable = "T5GEMMA_CACHE";

    /// <summary>The user's cache.</summary>
    public static CubinCache Default { get; } = new(Environment.GetEnvironmentVariable(FolderVariable) is { Length: > 0 } given
        ? given
        : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.LocalApplicationData), "T5GemmaSharp", "kernels"));

    /// <summary>A name that stands for all that the code depends on.</summary>
    public static string Key(string source, IReadOnlyList<string> options, Version compiler)
        => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes($"{compiler}\n{string.Join('\n', options)}\n{source}")));

    /// <summary>Reads an entry.</summary>
    /// <returns>Null when there is none, or it is damaged or cannot be read.</returns>
    public byte[]? Read(string key)
    {
        try
        {
            var bytes = File.ReadAllBytes(PathOf(key));
            var length = Math.Max(bytes.Length - SHA256.HashSizeInBytes, 0);
            var code = bytes.AsSpan(0, length);
            return SHA256.HashData(code).AsSpan().SequenceEqual(bytes.AsSpan(length)) ? code.ToArray() : null;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    /// <summary>Adds an entry. A folder that cannot be written to, or a full disk, costs the next process a compilation and nothing else.</summary>
    public void Write(string key, ReadOnlySpan<byte> code)
    {
        try
        {
            Directory.CreateDirectory(folder);
            TemporaryFile.Write(PathOf(key), [.. code, .. SHA256.HashData(code)]);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
        }
    }

    private string PathOf(string key) => Path.Combine(folder, key + ".cubin");
}
