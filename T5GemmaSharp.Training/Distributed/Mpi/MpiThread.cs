using System.Collections.Concurrent;
using System.Runtime.InteropServices;

namespace T5GemmaSharp.Training.Distributed.Mpi;

/// <summary>The one thread that calls MPI: it begins operations in the order they come, and asks for all of them in turn until they are done, which is what lets them go on.</summary>
internal sealed partial class MpiThread
{
    private const int EagerRounds = 10;      // without sleep, for short operations
    private const uint PauseMicroseconds = 50; // a round moves up to a megabyte through shared memory

    private static readonly TimeSpan AbortPatience = TimeSpan.FromSeconds(5);

    private readonly MpiLibrary _mpi;
    private readonly BlockingCollection<MpiOperation> _queue = [];
    private readonly TaskCompletionSource<(int Rank, int World)> _started = new();
    private readonly Thread _thread;
    private volatile int _abortCode;
    private int _idleRounds;

    public MpiThread(MpiLibrary mpi)
    {
        _mpi = mpi;
        _thread = new Thread(Run) { IsBackground = true, Name = "MPI" };
    }

    /// <summary>Joins the other processes.</summary>
    /// <exception cref="PeerLostException">They did not come in time.</exception>
    public (int Rank, int World) Start(TimeSpan timeout)
    {
        _thread.Start();
        var started = _started.Task;
        if (Task.WaitAny([started], timeout) < 0)
            throw new PeerLostException($"MPI_Init_thread: waited {timeout.TotalSeconds:0.#} s for the other processes");
        return started.GetAwaiter().GetResult();
    }

    public void Add(MpiOperation operation) => _queue.Add(operation);

    /// <summary>Leaves the other processes when all operations are done.</summary>
    public void Stop(TimeSpan timeout)
    {
        _queue.CompleteAdding();
        if (!_thread.Join(timeout))
            throw new PeerLostException($"MPI_Finalize: waited {timeout.TotalSeconds:0.#} s for the other processes");
    }

    /// <summary>Ends all processes; does not return.</summary>
    public void Abort(int exitCode)
    {
        _abortCode = exitCode;
        _queue.CompleteAdding(); // wakes the thread
        _thread.Join(AbortPatience);
        NativeEnvironment.EndProcess(exitCode); // the thread itself hangs
    }

    private void Run()
    {
        try
        {
            _started.SetResult(_mpi.Start());
        }
        catch (Exception fault)
        {
            _started.SetException(fault);
            return;
        }

        var active = new List<MpiOperation>();
        while (_abortCode == 0 && Take(active))
        {
            if (!Progress(active))
                Pause();
        }

        if (_abortCode != 0)
            _mpi.Abort(_abortCode);
        try
        {
            _mpi.Finish();
        }
        catch (PeerLostException)
        {
            // Every operation is done, so that nothing is lost by a peer that leaves differently.
        }
    }

    /// <summary>Begins what has come; waits for it when there is nothing else to do. False: nothing comes any more.</summary>
    private bool Take(List<MpiOperation> active)
    {
        while (_queue.TryTake(out var operation, active.Count == 0 ? Timeout.Infinite : 0))
        {
            _idleRounds = 0;
            try
            {
                operation.Begin(_mpi);
                active.Add(operation);
            }
            catch (PeerLostException fault)
            {
                operation.Complete(fault);
            }
        }

        return active.Count > 0;
    }

    /// <summary>Asks for all operations once; true: one is done.</summary>
    private bool Progress(List<MpiOperation> active)
    {
        var done = active.RemoveAll(operation =>
        {
            try
            {
                if (!operation.IsDone(_mpi))
                    return false;
                operation.Complete();
            }
            catch (PeerLostException fault)
            {
                operation.Complete(fault);
            }

            return true;
        });
        return done > 0;
    }

    private void Pause()
    {
        if (++_idleRounds < EagerRounds)
            Thread.Yield();
        else if (!OperatingSystem.IsWindows())
            _ = Sleep(PauseMicroseconds);
    }

    // .NET sleeps a millisecond at least.
    [LibraryImport("libc", EntryPoint = "usleep")]
    private static partial int Sleep(uint microseconds);
}
