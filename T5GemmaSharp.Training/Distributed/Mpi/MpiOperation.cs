using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>An operation on its way through the thread that calls MPI.</summary>
/// <param name="name">Its name, for messages.</param>
/// <param name="group">The group.</param>
/// <param name="begin">Begins it on that thread, and returns the request.</param>
/// <param name="tensors">What it works on; the operation holds their memory.</param>
internal sealed class MpiOperation(string name, MpiCollectives group, Func<MpiLibrary, nint> begin, params Tensor[] tensors) : ICollectiveHandle
{
    private readonly Tensor[] _held = [.. tensors.Select(tensor => tensor.alias().DetachFromDisposeScope())];
    private readonly ManualResetEventSlim _done = new();
    private Exception? _fault;
    private nint _request;

    public void Begin(MpiLibrary mpi) => _request = begin(mpi);

    public bool IsDone(MpiLibrary mpi) => mpi.IsDone(_request);

    public void Complete(Exception? fault = null)
    {
        foreach (var tensor in _held)
            tensor.Dispose();
        _fault = fault;
        _done.Set();
    }

    public void Wait()
    {
        if (!_done.Wait(group.Timeout))
            throw group.Lose($"{name}: rank {group.Rank} of {group.World} waited {group.Timeout.TotalSeconds:0.#} s for the others");
        if (_fault is not null)
            throw new PeerLostException(_fault.Message, _fault);
    }
}
