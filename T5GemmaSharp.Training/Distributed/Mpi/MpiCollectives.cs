using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>Processes joined by MPI. One thread of its own calls it, so that operations go on while others compute.</summary>
internal sealed class MpiCollectives : ICollectives
{
    private readonly MpiThread _thread;
    private bool _isLost;
    private bool _isDisposed;

    /// <summary>Joins the other processes.</summary>
    /// <param name="environment">What the launcher says.</param>
    /// <param name="timeout">How long an operation may take.</param>
    /// <exception cref="EngineMissingException">There is no MPI library, or one that does not belong to the launcher.</exception>
    /// <exception cref="PeerLostException">The others did not come in time.</exception>
    public MpiCollectives(LaunchEnvironment environment, TimeSpan timeout)
    {
        (Timeout, LocalRank) = (timeout, environment.LocalRank);
        var library = MpiFinder.Find(environment.Launcher);
        _thread = new MpiThread(library);
        (Rank, World) = _thread.Start(timeout);
        if (World != environment.World)
        {
            _thread.Stop(timeout);
            throw new EngineMissingException(
                $"mpi: expected {environment.World} processes, as the launcher ({environment.Launcher}) says, {library.Path} ({library.Family}) sees {World}; it belongs to another launcher: use its own mpirun, or name the library in {MpiFinder.Variable}");
        }
    }

    public string Engine => "mpi";

    public int Rank { get; }

    public int World { get; }

    public int LocalRank { get; }

    public Device Device => CPU;

    public TimeSpan Timeout { get; }

    public ICollectiveHandle AllReduce(Tensor tensor)
    {
        this.CheckSum(tensor, nameof(tensor));
        var (memory, count, dtype) = (CollectiveTensors.Address(tensor), tensor.numel(), tensor.dtype);
        return count == 0 ? CompletedHandle.Instance : Begin(new MpiOperation("all-reduce", this, mpi => mpi.AllReduce(memory, count, dtype), tensor));
    }

    public ICollectiveHandle ReduceScatter(Tensor input, Tensor output)
    {
        this.CheckSum(input, nameof(input));
        this.Check(output, nameof(output));
        this.CheckStretches(input, output);
        var (from, to, count, dtype) = (CollectiveTensors.Address(input), CollectiveTensors.Address(output), output.numel(), output.dtype);
        return count == 0 ? CompletedHandle.Instance : Begin(new MpiOperation("reduce-scatter", this, mpi => mpi.ReduceScatter(from, to, count, dtype), input, output));
    }

    public ICollectiveHandle AllGather(Tensor input, Tensor output)
    {
        this.Check(input, nameof(input));
        this.Check(output, nameof(output));
        this.CheckStretches(output, input);
        var (from, to, count, dtype) = (CollectiveTensors.Address(input), CollectiveTensors.Address(output), input.numel(), input.dtype);
        return count == 0 ? CompletedHandle.Instance : Begin(new MpiOperation("all-gather", this, mpi => mpi.AllGather(from, to, count, dtype), input, output));
    }

    public ICollectiveHandle Broadcast(Tensor tensor, int root = 0)
    {
        this.Check(tensor, nameof(tensor));
        this.CheckRoot(root);
        var (memory, count, dtype) = (CollectiveTensors.Address(tensor), tensor.numel(), tensor.dtype);
        return count == 0 ? CompletedHandle.Instance : Begin(new MpiOperation("broadcast", this, mpi => mpi.Broadcast(memory, count, dtype, root), tensor));
    }

    public void Barrier() => Begin(new MpiOperation("barrier", this, mpi => mpi.Barrier())).Wait();

    public void Abort(int exitCode) => _thread.Abort(exitCode);

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        if (!_isLost)
            _thread.Stop(Timeout); // a group that was lost is ended by Abort: MPI's own end would wait for the others
    }

    /// <summary>Notes that the others are not to be waited for.</summary>
    public PeerLostException Lose(string reason)
    {
        _isLost = true;
        return new PeerLostException($"{reason}; one of them has ended, hangs, or is much slower");
    }

    private MpiOperation Begin(MpiOperation operation)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        _thread.Add(operation);
        return operation;
    }
}
