using System.Runtime.CompilerServices;
using NUnit.Framework;
using T5GemmaSharp.Kernels.Cpu;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>A team of five has more threads than the machines that these tests usually run on have processors.</summary>
public sealed class WorkerTeamTests
{
    private static readonly TimeSpan Deadline = TimeSpan.FromSeconds(20); // for threads that need not hurry; reached only when one is lost

    [Test]
    public void For_EveryCountAndGrain_CoversEachIndexOnce([Values(1, 2, 5)] int size)
    {
        var team = WorkerTeam.OfSize(size);
        foreach (var count in new[] { 0, 1, 2, 7, 8, 9, 63, 64, 65, 1000, 4099 })
        {
            foreach (var grain in new[] { 1, 3, 8, 64, 5000 })
                Assert.That(Visits(team, count, grain), Is.All.EqualTo(1), $"count {count}, grain {grain}");
        }
    }

    [Test]
    public void For_ThousandsOfLoopsInARow_CoversEachIndexOnce([Values(2, 5)] int size)
    {
        var team = WorkerTeam.OfSize(size);
        var visits = new int[300];
        RangeWork work = (from, to, _) => Visit(visits, from, to);

        // Short and long loops in turns: a thread that is late in the short one sees room for itself in the long one.
        for (var loop = 0; loop < 30_000; loop++)
        {
            var count = loop % 2 == 0 ? 2 + (loop % 7) : visits.Length;
            team.For(count, grain: 1, work);
            if (visits.AsSpan(0, count).ContainsAnyExcept(1))
                Assert.Fail($"loop {loop} of {count} indices: {string.Join(' ', visits[..count])}");
            Array.Clear(visits);
        }
    }

    [Test]
    public void For_TwoCallersAtOnce_BothGetTheirOwnWorkDone([Values(2, 5)] int size)
    {
        var team = WorkerTeam.OfSize(size);
        var callers = Enumerable.Range(0, 2).Select(caller => Task.Factory.StartNew(() => Call(100 + (17 * caller)), TaskCreationOptions.LongRunning)).ToArray();
        Assert.That(Task.WaitAll(callers, Deadline), Is.True, "both callers end");

        void Call(int count)
        {
            for (var loop = 0; loop < 3000; loop++)
                Assert.That(Visits(team, count, grain: 4), Is.All.EqualTo(1), $"loop {loop}");
        }
    }

    [Test]
    public void For_FailingWork_RaisesTheCauseAndTheTeamGoesOn([Values(1, 2, 5)] int size, [Values(4, 100)] int count)
    {
        var team = WorkerTeam.OfSize(size);
        var cause = new FormatException("the cause");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => team.For(count, grain: 4, (from, _, _) => { if (from == 0) throw cause; }), Throws.InvalidOperationException.With.InnerException.SameAs(cause).And.Message.Contains("the cause"));
            Assert.That(() => team.For(count, grain: 4, (_, _, _) => throw cause), Throws.InvalidOperationException.With.InnerException.SameAs(cause));
            Assert.That(Visits(team, 100, grain: 4), Is.All.EqualTo(1), "the next loop");
        }
    }

    [Test]
    public void For_SleepingWorkers_AllWakeUp([Values(2, 5)] int size)
    {
        var team = WorkerTeam.OfSize(size);
        for (var loop = 0; loop < 20; loop++)
        {
            Thread.Sleep(5); // ten times their patience
            using var everybody = new CountdownEvent(size);
            var isComplete = new bool[size];
            team.For(size, grain: 1, (from, _, _) =>
            {
                everybody.Signal();
                isComplete[from] = everybody.Wait(Deadline); // who waits takes no other index, so each index has its own thread
            });
            Assert.That(isComplete, Is.All.True, $"loop {loop}");
        }
    }

    [Test]
    public void For_EveryLoop_GivesEachThreadItsOwnNumber([Values(1, 2, 5)] int size)
    {
        var team = WorkerTeam.OfSize(size);
        for (var loop = 0; loop < 300; loop++)
        {
            var threadOf = new int[size];
            team.For(40, grain: 1, (_, _, worker) =>
            {
                var thread = Environment.CurrentManagedThreadId;
                var known = Interlocked.CompareExchange(ref threadOf[worker], thread, 0); // a number beyond the size is out of range here
                if (known != 0 && known != thread)
                    throw new InvalidOperationException($"threads {known} and {thread} both have number {worker}");
                Thread.SpinWait(20);
            });
            Assert.That(threadOf[0], Is.EqualTo(Environment.CurrentManagedThreadId).Or.Zero, "the caller's number is 0, and nobody else's");
        }
    }

    [Test]
    public void For_FinishedWork_IsNotKeptAlive([Values(2, 5)] int size)
    {
        var work = Start(size);
        Assert.That(SpinWait.SpinUntil(() => IsCollected(work), Deadline), Is.True, "the team lives as long as the process: what it keeps is never freed");

        static bool IsCollected(WeakReference work)
        {
            GC.Collect();
            return !work.IsAlive;
        }
    }

    [Test]
    public void OfSize_SameSize_IsTheSameTeam()
    {
        var team = WorkerTeam.OfSize(5);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(WorkerTeam.OfSize(5), Is.SameAs(team));
            Assert.That(WorkerTeam.OfSize(2), Is.Not.SameAs(team));
            Assert.That(team.Size, Is.EqualTo(5));
            Assert.That(() => WorkerTeam.OfSize(0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        }
    }

    // A method of its own, so that no local variable of the test keeps the work.
    [MethodImpl(MethodImplOptions.NoInlining)]
    private static WeakReference Start(int size)
    {
        var visits = new int[100];
        WorkerTeam.OfSize(size).For(visits.Length, grain: 4, (from, to, _) => Visit(visits, from, to));
        return new WeakReference(visits);
    }

    private static int[] Visits(WorkerTeam team, int count, int grain)
    {
        var visits = new int[count];
        team.For(count, grain, (from, to, _) => Visit(visits, from, to));
        return visits;
    }

    private static void Visit(int[] visits, int from, int to)
    {
        for (var index = from; index < to; index++)
            Interlocked.Increment(ref visits[index]);
    }
}
