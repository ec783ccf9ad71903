using System.Collections.Concurrent;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>Work on part of a range.</summary>
/// <param name="from">First index.</param>
/// <param name="to">Index behind the last.</param>
/// <param name="worker">Number of the thread within its team, from 0: no two threads work under one number at a time.</param>
internal delegate void RangeWork(int from, int to, int worker);

/// <summary>
/// Threads that share loops of microseconds. They spin for the next loop for a moment and sleep after that: waking threads for every loop of a decoding step would
/// take longer than the step.
/// </summary>
internal sealed class WorkerTeam
{
    private const int Spins = 4_000;
    private const int Line = 16; // 64-bit numbers a pair of cache lines, which processors load together

    private static readonly ConcurrentDictionary<int, Lazy<WorkerTeam>> Teams = [];

    // Far apart, so that threads that write one do not disturb readers of another: number of the loop, next index, threads at work, threads asleep.
    private readonly long[] _state = new long[5 * Line];
    private readonly Lock _oneLoop = new();
    private readonly object _sleep = new();
    private RangeWork? _work;
    private int _count;
    private int _grain;
    private Exception? _failure;

    private WorkerTeam(int size)
    {
        Size = size;
        for (var worker = 1; worker < size; worker++)
        {
            var number = worker;
            new Thread(() => Serve(number)) { IsBackground = true, Name = $"T5Gemma worker {number}" }.Start();
        }
    }

    /// <summary>Number of threads, the caller's included.</summary>
    public int Size { get; }

    private ref long Loop => ref _state[Line];

    private ref long Next => ref _state[2 * Line];

    private ref long Working => ref _state[3 * Line];

    private ref long Sleeping => ref _state[4 * Line];

    /// <summary>The process's team of a size; its threads live as long as the process.</summary>
    /// <param name="size">Number of threads, at least 1.</param>
    public static WorkerTeam OfSize(int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, 1);
        return Teams.GetOrAdd(size, threads => new Lazy<WorkerTeam>(() => new WorkerTeam(threads))).Value;
    }

    /// <summary>Runs work over 0 to count - 1 and returns when all of it is done. Loops of several callers come one after another.</summary>
    /// <param name="count">Number of indices.</param>
    /// <param name="grain">Indices that a thread takes at a time; who is faster takes more often.</param>
    /// <param name="work">The work.</param>
    public void For(int count, int grain, RangeWork work)
    {
        if (count <= grain || Size == 1)
        {
            work(0, count, 0);
            return;
        }

        lock (_oneLoop)
        {
            (_work, _count, _grain) = (work, count, grain);
            Next = 0;
            Working = Size - 1;
            Interlocked.Increment(ref Loop);
            if (Interlocked.Read(ref Sleeping) > 0)
            {
                lock (_sleep)
                    Monitor.PulseAll(_sleep);
            }

            Share(worker: 0);
            var spinner = default(SpinWait);
            while (Volatile.Read(ref Working) > 0)
                spinner.SpinOnce(sleep1Threshold: -1);
            if (Interlocked.Exchange(ref _failure, null) is { } failure)
                throw new InvalidOperationException("a thread of the team failed", failure);
        }
    }

    private void Serve(int worker)
    {
        for (var done = 0L; ; done++)
        {
            Await(done);
            Share(worker);
            Interlocked.Decrement(ref Working);
        }
    }

    private void Share(int worker)
    {
        try
        {
            for (long from; (from = Interlocked.Add(ref Next, _grain) - _grain) < _count;)
                _work!((int)from, (int)Math.Min(_count, from + _grain), worker); // set before the loop's number was
        }
        catch (Exception exception)
        {
            _failure = exception; // for the caller: an exception here would end the process
        }
    }

    private void Await(long loop)
    {
        for (var spin = 0; spin < Spins; spin++)
        {
            if (Volatile.Read(ref Loop) != loop)
                return;
            Thread.SpinWait(1);
        }

        lock (_sleep)
        {
            Interlocked.Increment(ref Sleeping);
            while (Interlocked.Read(ref Loop) == loop)
                Monitor.Wait(_sleep);
            Interlocked.Decrement(ref Sleeping);
        }
    }
}
