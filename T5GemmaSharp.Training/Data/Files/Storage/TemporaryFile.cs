using System.IO.MemoryMappedFiles;

namespace T5GemmaSharp.Training.Data.Files.Storage;

/// <summary>A file that is written once, read through memory mapping, and gone with the process, however that ends.</summary>
internal sealed class TemporaryFile : IDisposable
{
    private const int BufferSize = 1 << 16;

    private readonly FileStream _stream;
    private MemoryMappedFile? _map;
    private MemoryMappedViewAccessor? _view;

    /// <summary>Creates a file.</summary>
    /// <param name="folder">Its folder; null: the system's.</param>
    /// <exception cref="IOException">It cannot be created.</exception>
    public TemporaryFile(string? folder)
    {
        var path = Path.Combine(folder ?? Path.GetTempPath(), $"t5gemma-{Guid.NewGuid():N}.tmp");

        // Windows deletes it with the last handle; elsewhere a file may lose its name while it is open.
        var options = OperatingSystem.IsWindows() ? FileOptions.DeleteOnClose : FileOptions.None;
        _stream = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, BufferSize, options);
        if (!OperatingSystem.IsWindows())
            File.Delete(path);
    }

    /// <summary>Bytes written.</summary>
    public long Length => _stream.Length;

    /// <summary>Appends bytes.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Append(ReadOnlySpan<byte> bytes) => _stream.Write(bytes);

    /// <summary>Ends writing.</summary>
    /// <exception cref="IOException">The disk is full.</exception>
    public void Seal()
    {
        if (_stream.Length == 0)
            _stream.WriteByte(0); // nothing cannot be mapped
        _stream.Flush();
        _map = MemoryMappedFile.CreateFromFile(_stream, mapName: null, capacity: 0, MemoryMappedFileAccess.Read, HandleInheritability.None, leaveOpen: true);
        _view = _map.CreateViewAccessor(offset: 0, size: 0, MemoryMappedFileAccess.Read);
    }

    /// <summary>Reads items; any thread may.</summary>
    /// <param name="position">Position of the first in bytes.</param>
    /// <param name="destination">Receives them.</param>
    /// <exception cref="ObjectDisposedException">The file has been disposed.</exception>
    public void Read<T>(long position, Span<T> destination)
        where T : unmanaged
        => _view!.SafeMemoryMappedViewHandle.ReadSpan((ulong)position, destination); // it is sealed

    public void Dispose()
    {
        _view?.Dispose();
        _map?.Dispose();
        _stream.Dispose();
    }
}
