using T5GemmaSharp.Interop.Cuda;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>Processes joined by NCCL, each with one GPU. Operations run on a stream of their own, ordered with torch's by events, so that torch computes meanwhile.</summary>
internal sealed class NcclCollectives : ICollectives
{
    private readonly NcclLibrary _nccl;
    private readonly ICollectives? _launcherGroup;
    private readonly nint _communicator;
    private readonly nint _stream;
    private readonly nint _ready; // marks on torch's stream what an operation waits for
    private readonly NcclWatch _watch;
    private bool _isDisposed;

    /// <summary>Joins the other processes.</summary>
    /// <param name="environment">What the launcher says.</param>
    /// <param name="device">The CUDA device of this process, torch's current one.</param>
    /// <param name="timeout">How long an operation may take.</param>
    /// <exception cref="EngineMissingException">There is no NCCL, or nothing says where the ranks meet.</exception>
    /// <exception cref="PeerLostException">The others did not come in time.</exception>
    public NcclCollectives(LaunchEnvironment environment, Device device, TimeSpan timeout)
    {
        (Rank, World, LocalRank, Device, Timeout) = (environment.Rank, environment.World, environment.LocalRank, device, timeout);
        _nccl = NcclFinder.Find();
        using (zeros([1], device: device))
        {
            // torch has made its context current now
        }

        var context = CudaDriver.Required.CurrentContext();
        var id = NcclMeeting.Agree(_nccl, environment, timeout, out _launcherGroup);
        _communicator = Join(id, context);
        _stream = CudaDriver.Required.CreateStream();
        _ready = CudaCopies.Instance.CreateEvent();
        _watch = new NcclWatch(_nccl, _communicator, context, timeout);
    }

    public string Engine => "nccl";

    public int Rank { get; }

    public int World { get; }

    public int LocalRank { get; }

    public Device Device { get; }

    public TimeSpan Timeout { get; }

    public ICollectiveHandle AllReduce(Tensor tensor)
    {
        this.CheckSum(tensor, nameof(tensor));
        var memory = CollectiveTensors.Address(tensor);
        return Begin("all-reduce", () => _nccl.AllReduce(memory, tensor.numel(), tensor.dtype, _communicator, _stream), tensor);
    }

    public ICollectiveHandle ReduceScatter(Tensor input, Tensor output)
    {
        this.CheckSum(input, nameof(input));
        this.Check(output, nameof(output));
        this.CheckStretches(input, output);
        var (from, to) = (CollectiveTensors.Address(input), CollectiveTensors.Address(output));
        return Begin("reduce-scatter", () => _nccl.ReduceScatter(from, to, output.numel(), output.dtype, _communicator, _stream), output, input);
    }

    public ICollectiveHandle AllGather(Tensor input, Tensor output)
    {
        this.Check(input, nameof(input));
        this.Check(output, nameof(output));
        this.CheckStretches(output, input);
        var (from, to) = (CollectiveTensors.Address(input), CollectiveTensors.Address(output));
        return Begin("all-gather", () => _nccl.AllGather(from, to, input.numel(), input.dtype, _communicator, _stream), input, output);
    }

    public ICollectiveHandle Broadcast(Tensor tensor, int root = 0)
    {
        this.Check(tensor, nameof(tensor));
        this.CheckRoot(root);
        var memory = CollectiveTensors.Address(tensor);
        return Begin("broadcast", () => _nccl.Broadcast(memory, tensor.numel(), tensor.dtype, root, _communicator, _stream), tensor);
    }

    public void Barrier() => this.Sum([0L]);

    public void Abort(int exitCode)
    {
        _watch.Abort(); // its kernels would keep the device from ending
        _launcherGroup?.Abort(exitCode);
        NativeEnvironment.EndProcess(exitCode);
    }

    public void Dispose()
    {
        if (_isDisposed)
            return;
        _isDisposed = true;
        _watch.Dispose();
        if (_watch.Fault is not null)
            return; // Abort ends what hangs
        CudaCopies.Instance.DestroyEvent(_ready);
        CudaDriver.Required.DestroyStream(_stream);
        _nccl.Destroy(_communicator);
        _launcherGroup?.Dispose();
    }

    /// <exception cref="PeerLostException">An operation has failed, or took too long.</exception>
    public void ThrowIfLost()
    {
        if (_watch.Fault is { } fault)
            throw new PeerLostException(fault);
    }

    private ICollectiveHandle Begin(string name, Action begin, params Tensor[] tensors)
    {
        ObjectDisposedException.ThrowIf(_isDisposed, this);
        ThrowIfLost();
        if (tensors[0].numel() == 0)
            return CompletedHandle.Instance;
        CudaCopies.Instance.Record(_ready, TorchStream.Current(Device));
        CudaCopies.Instance.Wait(_stream, _ready);
        begin();
        var operation = new NcclOperation(name, this, _stream, tensors);
        _watch.Add(operation);
        return operation;
    }

    // It waits for the others without a limit of its own.
    private nint Join(NcclUniqueId id, nint context)
    {
        var join = Task.Factory.StartNew(
            () =>
            {
                CudaDriver.Required.SetCurrentContext(context);
                return _nccl.Join(id, Rank, World);
            },
            TaskCreationOptions.LongRunning);
        return Task.WaitAny([join], Timeout) < 0
            ? throw new PeerLostException($"ncclCommInitRank: rank {Rank} of {World} waited {Timeout.TotalSeconds:0.#} s for the others; do all of them reach {Environment.GetEnvironmentVariable("NCCL_COMM_ID") ?? "the one with rank 0"}?")
            : join.GetAwaiter().GetResult();
    }
}
