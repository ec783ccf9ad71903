using Microsoft.Win32.SafeHandles;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints;

/// <summary>
/// Moves tensors between files and any device in chunks, so that no tensor, of whatever size, needs a second copy of itself. Not
/// thread-safe.
/// </summary>
internal sealed class TensorTransfer : IDisposable
{
    /// <summary>Long enough for disks and buses to run at full speed, short beside any model.</summary>
    public const int DefaultChunkSizeInBytes = 16 << 20;

    private readonly int _chunkSizeInBytes;
    private readonly Dictionary<(ScalarType DType, bool IsPinned, int Slot), Tensor> _buffers = [];

    /// <summary>Makes a transfer; its buffers are allocated when first needed.</summary>
    /// <param name="chunkSizeInBytes">The size of a buffer; tests use small ones.</param>
    public TensorTransfer(int chunkSizeInBytes = DefaultChunkSizeInBytes) => _chunkSizeInBytes = chunkSizeInBytes;

    /// <summary>Fills a tensor of any dtype and device with stored elements, casting where the dtypes differ.</summary>
    /// <param name="file">The file.</param>
    /// <param name="offset">Where the elements start.</param>
    /// <param name="storedDType">Their dtype.</param>
    /// <param name="destination">A contiguous tensor; its values change outside of autograd.</param>
    /// <exception cref="EndOfStreamException">The file ends before the last element.</exception>
    public void Read(SafeFileHandle file, long offset, ScalarType storedDType, Tensor destination)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var flat = destination.detach().view(-1);
        var isOnCpu = destination.device_type == DeviceType.CPU;
        var isInPlace = isOnCpu && destination.dtype == storedDType;
        var elementSize = SafetensorsDType.SizeInBytes(storedDType);
        var chunk = _chunkSizeInBytes / elementSize;
        var slot = 0;
        for (long start = 0; start < flat.NumberOfElements; start += chunk)
        {
            using var chunkScope = NewDisposeScope();
            var count = Math.Min(chunk, flat.NumberOfElements - start);
            var target = flat.narrow(0, start, count);
            var source = isInPlace ? target : Buffer(storedDType, isPinned: !isOnCpu, slot).narrow(0, 0, count);
            ReadExactly(file, source.bytes, offset + start * elementSize);
            if (isInPlace)
                continue;
            if (isOnCpu)
            {
                target.copy_(source);
                continue;
            }

            // The copy of the chunk before ran while this one was read; it must be through before its buffer is filled again.
            cuda.synchronize(destination.device);
            // Cast on the device: torch would cast on the CPU first.
            target.copy_(destination.dtype == storedDType ? source : source.to(destination.device, non_blocking: true), nonBlocking: true);
            slot ^= 1;
        }

        if (!isOnCpu)
            cuda.synchronize(destination.device);
    }

    /// <summary>Writes a tensor of any device and layout in C order.</summary>
    /// <returns>The offset behind the last byte.</returns>
    public long Write(SafeFileHandle file, long offset, Tensor source)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var tensor = source.detach();
        if (tensor.NumberOfElements == 0)
            return offset;
        if (tensor.is_contiguous())
            return WriteContiguous(file, offset, tensor.view(-1));

        var elementSize = SafetensorsDType.SizeInBytes(tensor.dtype);
        if (tensor.NumberOfElements * elementSize <= _chunkSizeInBytes)
            return WriteContiguous(file, offset, tensor.contiguous().view(-1));
        if (tensor.shape[0] == 1)
            return Write(file, offset, tensor.select(0, 0));

        var rowSize = tensor.NumberOfElements / tensor.shape[0] * elementSize;
        var rows = Math.Max(1, _chunkSizeInBytes / rowSize);
        for (long start = 0; start < tensor.shape[0]; start += rows)
        {
            using var part = tensor.narrow(0, start, Math.Min(rows, tensor.shape[0] - start));
            offset = Write(file, offset, part);
        }

        return offset;
    }

    /// <summary>True when two tensors on the CPU have the same dtype, shape and bits.</summary>
    public bool HaveEqualBits(Tensor left, Tensor right)
    {
        if (left.dtype != right.dtype || !left.shape.AsSpan().SequenceEqual(right.shape))
            return false;
        using var scope = NewDisposeScope();
        var (flatLeft, flatRight) = (left.detach().view(-1), right.detach().view(-1));
        var chunk = _chunkSizeInBytes / SafetensorsDType.SizeInBytes(left.dtype);
        for (long start = 0; start < flatLeft.NumberOfElements; start += chunk)
        {
            var count = Math.Min(chunk, flatLeft.NumberOfElements - start);
            using var partLeft = flatLeft.narrow(0, start, count);
            using var partRight = flatRight.narrow(0, start, count);
            if (!partLeft.bytes.SequenceEqual(partRight.bytes))
                return false;
        }

        return true;
    }

    /// <summary>Fills a span from a file.</summary>
    /// <exception cref="EndOfStreamException">The file ends before the span is full.</exception>
    public static void ReadExactly(SafeFileHandle file, Span<byte> destination, long offset)
    {
        while (!destination.IsEmpty)
        {
            var count = RandomAccess.Read(file, destination, offset);
            if (count == 0)
                throw new EndOfStreamException();
            destination = destination[count..];
            offset += count;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _buffers.Values)
            buffer.Dispose();
        _buffers.Clear();
    }

    private long WriteContiguous(SafeFileHandle file, long offset, Tensor flat)
    {
        var isOnCpu = flat.device_type == DeviceType.CPU;
        var chunk = _chunkSizeInBytes / SafetensorsDType.SizeInBytes(flat.dtype);
        for (long start = 0; start < flat.NumberOfElements; start += chunk)
        {
            var count = Math.Min(chunk, flat.NumberOfElements - start);
            using var part = flat.narrow(0, start, count);
            using var staged = isOnCpu ? null : Buffer(flat.dtype, isPinned: true, slot: 0).narrow(0, 0, count).copy_(part);
            var bytes = (staged ?? part).bytes;
            RandomAccess.Write(file, bytes, offset);
            offset += bytes.Length;
        }

        return offset;
    }

    private Tensor Buffer(ScalarType dtype, bool isPinned, int slot)
    {
        if (_buffers.TryGetValue((dtype, isPinned, slot), out var buffer))
            return buffer;
        buffer = empty(_chunkSizeInBytes / SafetensorsDType.SizeInBytes(dtype), dtype: dtype, device: CPU);
        if (isPinned)
        {
            using var pageable = buffer;
            buffer = pageable.pin_memory();
        }

        buffer.DetachFromDisposeScope();
        return _buffers[(dtype, isPinned, slot)] = buffer;
    }
}
