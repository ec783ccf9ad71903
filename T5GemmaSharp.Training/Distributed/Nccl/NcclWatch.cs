using T5GemmaSharp.Interop.Cuda;

namespace T5GemmaSharp.Training.Distributed.Nccl;

/// <summary>
/// Watches the operations from a thread of its own, since a device waits for its peers without end: when one fails or takes too long, the communicator is aborted, so that the
/// thread that waits for the device returns and learns of it. One that does not return ends with the process.
/// </summary>
internal sealed class NcclWatch : IDisposable
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(30);

    private readonly NcclLibrary _nccl;
    private readonly nint _communicator;
    private readonly nint _context;
    private readonly TimeSpan _timeout;
    private readonly Lock _lock = new();
    private readonly List<NcclOperation> _active = [];
    private readonly ManualResetEventSlim _stop = new();
    private readonly Thread _thread;
    private volatile string? _fault;
    private bool _isAborted;

    public NcclWatch(NcclLibrary nccl, nint communicator, nint context, TimeSpan timeout)
    {
        (_nccl, _communicator, _context, _timeout) = (nccl, communicator, context, timeout);
        _thread = new Thread(Run) { IsBackground = true, Name = "NCCL" };
        _thread.Start();
    }

    /// <summary>What went wrong; null: nothing.</summary>
    public string? Fault => _fault;

    public void Add(NcclOperation operation)
    {
        lock (_lock)
            _active.Add(operation);
    }

    /// <summary>Ends the operations that are going on.</summary>
    public void Abort()
    {
        lock (_lock)
        {
            if (!_isAborted)
                _nccl.Abort(_communicator);
            _isAborted = true;
        }
    }

    public void Dispose()
    {
        _stop.Set();
        if (_fault is null)
            _thread.Join();
        _stop.Dispose();
    }

    private void Run()
    {
        CudaDriver.Required.SetCurrentContext(_context);
        while (!_stop.Wait(Interval))
        {
            if (Look() is not { } fault)
                continue;
            _fault = fault;
            Abort();
            if (_stop.Wait(Grace))
                return;
            Console.Error.WriteLine($"error: {fault}; the device does not answer");
            NativeEnvironment.EndProcess(Commands.ExitCode.PeerLost);
        }
    }

    private string? Look()
    {
        lock (_lock)
        {
            if (_isAborted)
                return null;
            if (_nccl.AsynchronousFault(_communicator) is { } fault)
                return $"nccl: {fault}; another rank has ended, or the network failed";
            _active.RemoveAll(operation => operation.TryFree());
            return _active.Find(operation => operation.Age > _timeout) is { } late
                ? $"{late.Name}: waited {_timeout.TotalSeconds:0.#} s for the other ranks; one of them has ended, hangs, or is much slower"
                : null;
        }
    }
}
