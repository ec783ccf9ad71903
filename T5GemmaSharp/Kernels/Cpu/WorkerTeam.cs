using System.Collections.Concurrent;
using System.Diagnostics;

namespace T5GemmaSharp.Kernels.Cpu;

/// <summary>
/// Threads that share loops of microseconds. They spin for the next loop for a moment and sleep after that: waking threads for every loop of a decoding step would
/// take longer than the step. A loop waits for indices, not for threads: one that the system has put aside before it took any holds nobody up.
/// </summary>
internal sealed class WorkerTeam
{
    private const int Line = 16; // 64-bit numbers a pair of cache lines, which processors load together
    private const int SpinsAtATime = 64;
    private const long NoIndexLeft = int.MaxValue;

    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(0.5); // about what torch's operators take between two steps
    private static readonly ConcurrentDictionary<int, Lazy<WorkerTeam>> Teams = [];

    // Far apart, so that threads that write one do not disturb readers of another: number of the loop and next index; indices done; threads asleep.
    private readonly long[] _state = new long[4 * Line];
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

    // Upper half: number of the loop. Lower half: next index. Together, so that nobody takes an index of a loop whose work he does not know.
    private ref long Ticket => ref _state[Line];

    private ref long Done => ref _state[2 * Line];

    private ref long Sleeping => ref _state[3 * Line];

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
    /// <exception cref="InvalidOperationException">The work failed; the cause is the inner exception.</exception>
    public void For(int count, int grain, RangeWork work)
    {
        if (count <= grain || Size == 1)
        {
            RunAlone(count, work);
            return;
        }

        lock (_oneLoop)
        {
            // A late thread may still ask for an index of the last loop. It must not find one there while count and work are already the new ones.
            var last = LoopOf(Ticket);
            Interlocked.Exchange(ref Ticket, ((long)last << 32) | NoIndexLeft);
            (_work, _count, _grain) = (work, count, grain);
            Volatile.Write(ref Done, 0);
            var loop = last + 1;
            Interlocked.Exchange(ref Ticket, (long)loop << 32);
            if (Interlocked.Read(ref Sleeping) > 0)
            {
                lock (_sleep)
                    Monitor.PulseAll(_sleep);
            }

            Share(loop, worker: 0);
            var spinner = default(SpinWait);
            while (Volatile.Read(ref Done) < count)
                spinner.SpinOnce(sleep1Threshold: -1);
            _work = null; // the team lives on; the work, and the model that it refers to, need not
            if (Interlocked.Exchange(ref _failure, null) is { } failure)
                throw Failed(failure);
        }
    }

    private static uint LoopOf(long ticket) => (uint)(ticket >>> 32);

    private static InvalidOperationException Failed(Exception cause) => new($"a thread of the team failed: {cause.Message}", cause);

    private static void RunAlone(int count, RangeWork work)
    {
        try
        {
            work(0, count, 0);
        }
        catch (Exception exception)
        {
            throw Failed(exception);
        }
    }

    private void Serve(int worker)
    {
        for (var loop = 0u; ;)
        {
            loop = Next(loop);
            Share(loop, worker);
        }
    }

    private void Share(uint loop, int worker)
    {
        for (long ticket; LoopOf(ticket = Volatile.Read(ref Ticket)) == loop;)
        {
            var (from, count, grain, work) = ((int)ticket, _count, _grain, _work!); // set before the loop's number was
            if (from >= count)
                return;
            var to = Math.Min(count, from + grain);
            if (Interlocked.CompareExchange(ref Ticket, ticket - from + to, ticket) != ticket)
                continue;
            try
            {
                work(from, to, worker);
            }
            catch (Exception exception)
            {
                _failure = exception; // for the caller: an exception here would end the process
            }

            Interlocked.Add(ref Done, to - from);
        }
    }

    /// <summary>Waits for another loop than the last.</summary>
    private uint Next(uint last)
    {
        var start = Stopwatch.GetTimestamp();
        do
        {
            for (var spin = 0; spin < SpinsAtATime; spin++)
            {
                if (LoopOf(Volatile.Read(ref Ticket)) is var loop && loop != last)
                    return loop;
                Thread.SpinWait(1);
            }
        }
        while (Stopwatch.GetElapsedTime(start) < Patience);

        lock (_sleep)
        {
            Interlocked.Increment(ref Sleeping);
            while (LoopOf(Interlocked.Read(ref Ticket)) == last)
                Monitor.Wait(_sleep);
            Interlocked.Decrement(ref Sleeping);
            return LoopOf(Interlocked.Read(ref Ticket));
        }
    }
}
