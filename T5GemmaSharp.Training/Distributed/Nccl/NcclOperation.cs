using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>An operation on its way on the group's stream.</summary>
internal sealed class NcclOperation : ICollectiveHandle
{
    private readonly NcclCollectives _group;
    private readonly Tensor[] _held;
    private readonly long _begun = Environment.TickCount64;
    private readonly nint _end;
    private volatile bool _isWaitedFor;

    /// <summary>Marks its end on the stream.</summary>
    public NcclOperation(string name, NcclCollectives group, nint stream, Tensor[] tensors)
    {
        (Name, _group) = (name, group);
        _held = [.. tensors.Select(tensor => tensor.alias().DetachFromDisposeScope())];
        _end = CudaCopies.Instance.CreateEvent();
        CudaCopies.Instance.Record(_end, stream);
    }

    public string Name { get; }

    /// <summary>How long ago it was begun.</summary>
    public TimeSpan Age => TimeSpan.FromMilliseconds(Environment.TickCount64 - _begun);

    public void Wait()
    {
        _group.ThrowIfLost();
        if (_isWaitedFor)
            return;
        CudaCopies.Instance.Wait(TorchStream.Current(_group.Device), _end);
        _isWaitedFor = true;
    }

    /// <summary>Frees what it holds, once it is done and torch's stream waits for its end.</summary>
    /// <returns>Whether it is free.</returns>
    public bool TryFree()
    {
        if (!_isWaitedFor || !CudaCopies.Instance.IsReached(_end))
            return false;
        foreach (var tensor in _held)
            tensor.Dispose();
        CudaCopies.Instance.DestroyEvent(_end);
        return true;
    }
}
