using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Kernels;
using static TorchSharp.torch;

namespace T5GemmaSharp.Checkpoints.Transfers;

/// <summary>Copies from pinned memory to a CUDA device on a stream of its own; where the dtypes differ, through a buffer on the device, from which torch casts.</summary>
internal sealed unsafe class CudaStagedCopier : IStagedCopier
{
    private const int Slots = 2;

    private readonly IReadOnlyList<TransferItem> _items;
    private readonly int _bufferSizeInBytes;
    private readonly nint[] _buffers = new nint[Slots];
    private readonly nint[] _events = new nint[Slots];
    private readonly bool[] _isUnderWay = new bool[Slots];
    private readonly Dictionary<(ScalarType DType, int Slot), Tensor> _staged = [];
    private readonly nint _stream;
    private int _slot = Slots - 1;

    /// <summary>Makes a copier for the calling thread.</summary>
    /// <param name="context">The device's context.</param>
    /// <param name="items">What the chunks' parts are.</param>
    /// <param name="bufferSizeInBytes">Room of a buffer.</param>
    /// <exception cref="CudaException">The system has no pinned memory left.</exception>
    public CudaStagedCopier(nint context, IReadOnlyList<TransferItem> items, int bufferSizeInBytes)
    {
        (_items, _bufferSizeInBytes) = (items, bufferSizeInBytes);
        CudaDriver.Required.SetCurrentContext(context);
        try
        {
            _stream = CudaDriver.Required.CreateStream();
            for (var slot = 0; slot < Slots; slot++)
            {
                _events[slot] = Copies.CreateEvent();
                _buffers[slot] = Copies.AllocateHost(bufferSizeInBytes);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    private static CudaCopies Copies => CudaCopies.Instance;

    public Span<byte> NextBuffer()
    {
        _slot = (_slot + 1) % Slots;
        if (_isUnderWay[_slot])
            Copies.Synchronize(_events[_slot]);
        _isUnderWay[_slot] = false;
        return new Span<byte>((void*)_buffers[_slot], _bufferSizeInBytes);
    }

    public void Copy(TransferChunk chunk)
    {
        var item = _items[chunk.Part];
        _isUnderWay[_slot] = true;
        if (item.IsSameDType)
        {
            Copies.CopyToDevice(TensorMemory.Pointer(item.Target) + (nint)chunk.OffsetInPart, (void*)_buffers[_slot], chunk.LengthInBytes, _stream);
            Copies.Record(_events[_slot], _stream);
            return;
        }

        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var elementSize = SafetensorsDType.SizeInBytes(item.Entry.DType);
        var staged = Staged(item.Entry.DType, elementSize, item.Target.device);
        Copies.CopyToDevice(TensorMemory.Pointer(staged), (void*)_buffers[_slot], chunk.LengthInBytes, _stream);
        Copies.Record(_events[_slot], _stream);
        var torchStream = TorchStream.Current(item.Target.device);
        Copies.Wait(torchStream, _events[_slot]);
        var count = chunk.LengthInBytes / elementSize;
        item.Target.detach().view(-1).narrow(0, chunk.OffsetInPart / elementSize, count).copy_(staged.narrow(0, 0, count));
        Copies.Record(_events[_slot], torchStream); // both buffers are free when the cast has ended
    }

    public void Finish()
    {
        for (var slot = 0; slot < Slots; slot++)
        {
            if (_isUnderWay[slot])
                Copies.Synchronize(_events[slot]);
            _isUnderWay[slot] = false;
        }
    }

    public void Dispose()
    {
        try
        {
            Finish(); // after a fault copies may still read the buffers
        }
        finally
        {
            foreach (var tensor in _staged.Values)
                tensor.Dispose();
            foreach (var buffer in _buffers.Where(buffer => buffer != 0))
                Copies.FreeHost(buffer);
            foreach (var handle in _events.Where(handle => handle != 0))
                Copies.DestroyEvent(handle);
            if (_stream != 0)
                CudaDriver.Required.DestroyStream(_stream);
        }
    }

    private Tensor Staged(ScalarType dtype, int elementSize, Device device)
    {
        if (!_staged.TryGetValue((dtype, _slot), out var tensor))
            _staged[(dtype, _slot)] = tensor = empty(_bufferSizeInBytes / elementSize, dtype: dtype, device: device).DetachFromDisposeScope();
        return tensor;
    }
}
