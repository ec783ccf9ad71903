using Microsoft.Win32.SafeHandles;

namespace T5GemmaSharp.Checkpoints;

/// <summary>A file that is written beside its final place and moved there only when it is complete and on the disk.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private readonly string _temporaryPath;
    private SafeFileHandle? _handle;
    private bool _isCommitted;

    /// <summary>Creates the file under a temporary name in the folder of <paramref name="path"/>.</summary>
    /// <param name="path">The final place.</param>
    /// <param name="lengthInBytes">The final length; a full disk shows at once.</param>
    public TemporaryFile(string path, long lengthInBytes)
    {
        Path = System.IO.Path.GetFullPath(path);
        var folder = System.IO.Path.GetDirectoryName(Path)
            ?? throw new ArgumentException($"{path}: expected a file, got a root folder.", nameof(path));
        _temporaryPath = System.IO.Path.Combine(folder, $".{System.IO.Path.GetFileName(Path)}.{Guid.NewGuid():N}.tmp");
        _handle = File.OpenHandle(_temporaryPath, FileMode.CreateNew, FileAccess.Write, FileShare.None, FileOptions.None, lengthInBytes);
    }

    /// <summary>The final place.</summary>
    public string Path { get; }

    /// <summary>The open file.</summary>
    public SafeFileHandle Handle => _handle ?? throw new ObjectDisposedException(nameof(TemporaryFile));

    /// <summary>Writes a small file that is either whole or absent.</summary>
    /// <param name="path">The final place.</param>
    /// <param name="bytes">The contents.</param>
    public static void Write(string path, ReadOnlySpan<byte> bytes)
    {
        using var file = new TemporaryFile(path, bytes.Length);
        RandomAccess.Write(file.Handle, bytes, fileOffset: 0);
        file.Complete();
        file.Commit();
    }

    /// <summary>Flushes the file to the disk and closes it; the final place is still untouched.</summary>
    public void Complete()
    {
        RandomAccess.FlushToDisk(Handle);
        Handle.Dispose();
        _handle = null;
    }

    /// <summary>Moves the completed file to its final place, over an older one.</summary>
    public void Commit()
    {
        File.Move(_temporaryPath, Path, overwrite: true);
        _isCommitted = true;
    }

    /// <summary>Removes the temporary file, unless it was committed.</summary>
    public void Dispose()
    {
        _handle?.Dispose();
        _handle = null;
        if (!_isCommitted)
            File.Delete(_temporaryPath);
    }
}
