using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>A safetensors file, checked in full when it is opened, whose tensors are mapped into memory without a copy.</summary>
/// <remarks>
/// The map is private: writing into a tensor never changes the file. Replacing the file by renaming another onto it is safe on
/// Linux and macOS while tensors are in use (Windows refuses it); changing or truncating it in place is not, on any system. Not
/// thread-safe. HF: <c>safetensors.safe_open</c>.
/// </remarks>
public sealed class SafetensorsFile : IDisposable
{
    private readonly SafeFileHandle _file;
    private readonly long _fileLengthInBytes;
    private readonly Dictionary<string, SafetensorsEntry> _entries;
    private readonly Dictionary<ScalarType, Tensor?> _maps = [];
    private readonly TensorTransfer _transfer = new();

    private SafetensorsFile(string path, SafeFileHandle file, long fileLengthInBytes, SafetensorsHeader header)
    {
        Path = path;
        Metadata = header.Metadata;
        Entries = header.Entries;
        _file = file;
        _fileLengthInBytes = fileLengthInBytes;
        _entries = header.Entries.ToDictionary(entry => entry.Name);
    }

    /// <summary>The path that was opened.</summary>
    public string Path { get; }

    /// <summary>The free text of <c>__metadata__</c>; empty when there is none.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>All tensors, in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsEntry> Entries { get; }

    /// <summary>Opens a file and checks all of its header; reads no tensor.</summary>
    /// <param name="path">The file.</param>
    /// <exception cref="FileNotFoundException">There is no such file.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="SafetensorsFormatException">The file breaks a rule of the format.</exception>
    public static SafetensorsFile Open(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        var file = File.OpenHandle(path);
        try
        {
            var length = RandomAccess.GetLength(file);
            return new SafetensorsFile(path, file, length, ReadHeader(path, file, length));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>Finds a tensor's entry.</summary>
    /// <param name="name">The tensor's name.</param>
    /// <param name="entry">The entry, or null when there is no such tensor.</param>
    /// <returns>Whether the file holds the tensor.</returns>
    public bool TryGetEntry(string name, [System.Diagnostics.CodeAnalysis.NotNullWhen(true)] out SafetensorsEntry? entry) =>
        _entries.TryGetValue(name, out entry);

    /// <summary>Gives a tensor on the CPU that uses the mapped file as its memory; it stays valid after <see cref="Dispose"/>.</summary>
    /// <remarks>
    /// Where the data does not start at a multiple of the element size, or the system refuses the map, the tensor owns a copy.
    /// </remarks>
    /// <param name="name">The tensor's name.</param>
    /// <returns>The tensor in its stored shape and dtype; the caller owns it.</returns>
    /// <exception cref="KeyNotFoundException">The file holds no such tensor.</exception>
    /// <exception cref="SafetensorsFormatException">The file was truncated after it was opened.</exception>
    /// <exception cref="ObjectDisposedException">The file is closed.</exception>
    public Tensor Read(string name)
    {
        var entry = GetEntry(name);
        var shape = entry.Shape.ToArray();
        if (entry.LengthInBytes == 0)
            return empty(shape, dtype: entry.DType, device: CPU);

        var elementSize = SafetensorsDType.SizeInBytes(entry.DType);
        if (entry.OffsetInBytes % elementSize == 0 && Map(entry.DType) is { } map)
        {
            using var elements = map.narrow(0, entry.OffsetInBytes / elementSize, entry.ElementCount);
            using var view = elements.view(shape);
            // Detached, so that it is no view to autograd and may become a parameter.
            return view.detach();
        }

        var copy = empty(shape, dtype: entry.DType, device: CPU);
        try
        {
            CopyTo(name, copy);
            return copy;
        }
        catch
        {
            copy.Dispose();
            throw;
        }
    }

    /// <summary>Copies a tensor into another of the same shape and any dtype and device, through a buffer of bounded size.</summary>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    internal void CopyTo(string name, Tensor destination)
    {
        var entry = GetEntry(name);
        if (!destination.shape.SequenceEqual(entry.Shape))
        {
            throw new ArgumentException(
                $"{Path}: tensor {name}: expected [{string.Join(", ", entry.Shape)}], got [{string.Join(", ", destination.shape)}].", nameof(destination));
        }

        try
        {
            if (destination.is_contiguous())
            {
                _transfer.Read(_file, entry.OffsetInBytes, entry.DType, destination);
                return;
            }

            using var noGrad = no_grad();
            using var source = Read(name);
            destination.copy_(source);
        }
        catch (EndOfStreamException exception)
        {
            throw Truncated(entry, exception);
        }
    }

    /// <summary>Reads bytes of a tensor. Several threads may do so at once.</summary>
    /// <param name="entry">The tensor.</param>
    /// <param name="offset">Where in its data, in bytes.</param>
    /// <param name="destination">Takes the bytes.</param>
    /// <exception cref="SafetensorsFormatException">The file was truncated after it was opened.</exception>
    internal void ReadBytes(SafetensorsEntry entry, long offset, Span<byte> destination)
    {
        try
        {
            TensorTransfer.ReadExactly(_file, destination, entry.OffsetInBytes + offset);
        }
        catch (EndOfStreamException exception)
        {
            throw Truncated(entry, exception);
        }
    }

    /// <summary>Closes the file. Tensors that were read stay valid.</summary>
    public void Dispose()
    {
        foreach (var map in _maps.Values)
            map?.Dispose();
        _maps.Clear();
        _transfer.Dispose();
        _file.Dispose();
    }

    private static SafetensorsHeader ReadHeader(string path, SafeFileHandle file, long fileLengthInBytes)
    {
        if (fileLengthInBytes < SafetensorsHeader.PrefixLengthInBytes)
        {
            throw new SafetensorsFormatException(
                path, SafetensorsRule.FileTooShort, tensorName: null,
                $"at least {SafetensorsHeader.PrefixLengthInBytes} bytes", $"{fileLengthInBytes}");
        }

        var prefix = ReadBytes(path, file, offset: 0, SafetensorsHeader.PrefixLengthInBytes);
        var headerLength = BinaryPrimitives.ReadUInt64LittleEndian(prefix);
        var available = (ulong)(fileLengthInBytes - SafetensorsHeader.PrefixLengthInBytes);
        if (headerLength > Math.Min(available, SafetensorsHeader.MaxLengthInBytes))
        {
            throw new SafetensorsFormatException(
                path, SafetensorsRule.HeaderLength, tensorName: null,
                $"at most {SafetensorsHeader.MaxLengthInBytes} bytes, and no more than the {available} that follow", $"{headerLength}");
        }

        var text = ReadBytes(path, file, SafetensorsHeader.PrefixLengthInBytes, (int)headerLength);
        return SafetensorsHeader.Parse(path, text, fileLengthInBytes);
    }

    private static byte[] ReadBytes(string path, SafeFileHandle file, long offset, int count)
    {
        var bytes = new byte[count];
        try
        {
            TensorTransfer.ReadExactly(file, bytes, offset);
            return bytes;
        }
        catch (EndOfStreamException exception)
        {
            throw new SafetensorsFormatException(
                path, SafetensorsRule.FileTruncated, tensorName: null, $"{count} bytes at offset {offset}", "an earlier end of the file", exception);
        }
    }

    private SafetensorsFormatException Truncated(SafetensorsEntry entry, EndOfStreamException exception)
        => new(Path, SafetensorsRule.FileTruncated, entry.Name, $"{entry.LengthInBytes} bytes at offset {entry.OffsetInBytes}", "an earlier end of the file", exception);

    private SafetensorsEntry GetEntry(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        ObjectDisposedException.ThrowIf(_file.IsClosed, this);
        return _entries.TryGetValue(name, out var entry)
            ? entry
            : throw new KeyNotFoundException($"{Path} holds no tensor {SafetensorsFormatException.Quote(name)}.");
    }

    /// <summary>The whole file as elements of one dtype, or null when the system refuses to map it.</summary>
    private Tensor? Map(ScalarType dtype)
    {
        if (_maps.TryGetValue(dtype, out var map))
            return map;
        try
        {
            map = from_file(MapPath(), shared: false, size: _fileLengthInBytes / SafetensorsDType.SizeInBytes(dtype), dtype: dtype, device: CPU);
            map.DetachFromDisposeScope();
        }
        catch (ExternalException)
        {
            // A private map counts as memory that may be written, so Linux refuses one above all of RAM and swap: copy tensor by tensor then.
            map = null;
        }

        return _maps[dtype] = map;
    }

    /// <summary>The open file itself where the system has a name for it: the path may lead to a newer file by now.</summary>
    private string MapPath()
    {
        var name = $"/proc/self/fd/{_file.DangerousGetHandle()}";
        return OperatingSystem.IsLinux() && File.Exists(name) ? name : Path;
    }
}
