using T5GemmaSharp.Checkpoints.Transfers;

namespace T5GemmaSharp.Tests.Checkpoints.Transfers;

/// <summary>Copies to arrays, later than asked, as a device does.</summary>
internal sealed class SlowCopier(byte[][] targets, int bufferSizeInBytes) : IStagedCopier
{
    private readonly byte[][] _buffers = [new byte[bufferSizeInBytes], new byte[bufferSizeInBytes]];
    private readonly Task[] _copies = [Task.CompletedTask, Task.CompletedTask];
    private int _slot = 1;

    public int ThreadId { get; } = Environment.CurrentManagedThreadId;

    public bool IsDisposed { get; private set; }

    public Span<byte> NextBuffer()
    {
        _slot ^= 1;
        _copies[_slot].Wait();
        return _buffers[_slot];
    }

    public void Copy(TransferChunk chunk)
    {
        var buffer = _buffers[_slot];
        _copies[_slot] = Task.Run(() =>
        {
            Thread.Sleep(1);
            buffer.AsSpan(0, chunk.LengthInBytes).CopyTo(targets[chunk.Part].AsSpan((int)chunk.OffsetInPart));
        });
    }

    public void Finish() => Task.WaitAll(_copies);

    public void Dispose()
    {
        Finish();
        IsDisposed = true;
    }
}
