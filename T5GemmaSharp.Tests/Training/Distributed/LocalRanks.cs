using System.Runtime.ExceptionServices;
using T5GemmaSharp.Training.Distributed;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed;

/// <summary>Ranks that are threads of this process, so that what is built on collectives is tested without an engine. Sums are those of the ranks in their order.</summary>
internal sealed class LocalRanks : ICollectives
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Meeting _meeting;

    private LocalRanks(Meeting meeting, int rank) => (_meeting, Rank) = (meeting, rank);

    public string Engine => "local";

    public int Rank { get; }

    public int World => _meeting.Tensors.Length;

    public int LocalRank => Rank;

    public Device Device => CPU;

    public TimeSpan Timeout => Patience;

    /// <summary>Runs an action on each rank, and throws the first fault.</summary>
    public static T[] Run<T>(int world, Func<ICollectives, T> action)
    {
        var meeting = new Meeting(new Tensor[world], new Barrier(world));
        var (results, faults) = (new T[world], new Exception?[world]);
        var threads = Enumerable.Range(0, world).Select(rank => new Thread(() =>
        {
            try
            {
                using var scope = NewDisposeScope();
                results[rank] = action(new LocalRanks(meeting, rank));
            }
            catch (Exception fault)
            {
                faults[rank] = fault;
                meeting.Barrier.RemoveParticipant(); // the others get wrong results, and the test the fault
            }
        })).ToList();
        threads.ForEach(thread => thread.Start());
        threads.ForEach(thread => thread.Join());
        if (faults.FirstOrDefault(fault => fault is not null) is { } first)
            ExceptionDispatchInfo.Throw(first);
        return results;
    }

    public ICollectiveHandle AllReduce(Tensor tensor) => Exchange(tensor, () => Sum(), sum => tensor.copy_(sum));

    public ICollectiveHandle ReduceScatter(Tensor input, Tensor output)
        => Exchange(input, () => Sum(), sum => output.copy_(sum.narrow(0, Rank * output.numel(), output.numel())));

    public ICollectiveHandle AllGather(Tensor input, Tensor output) => Exchange(input, () => cat([.. _meeting.Tensors], 0), all => output.copy_(all));

    public ICollectiveHandle Broadcast(Tensor tensor, int root = 0) => Exchange(tensor, () => _meeting.Tensors[root].clone(), value => tensor.copy_(value));

    public void Barrier() => Meet();

    public void Abort(int exitCode) => throw new InvalidOperationException($"aborted with {exitCode}");

    public void Dispose()
    {
    }

    private Tensor Sum() => _meeting.Tensors.Skip(1).Aggregate(_meeting.Tensors[0].clone(), (sum, tensor) => sum.add_(tensor));

    private Done Exchange(Tensor given, Func<Tensor> compute, Action<Tensor> take)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        _meeting.Tensors[Rank] = given;
        Meet();
        var result = compute();
        Meet(); // everybody has read
        take(result);
        return new Done();
    }

    private void Meet()
    {
        if (!_meeting.Barrier.SignalAndWait(Patience))
            throw new PeerLostException("a thread did not come");
    }

    private sealed record Meeting(Tensor[] Tensors, Barrier Barrier);

    private sealed class Done : ICollectiveHandle
    {
        public void Wait()
        {
        }
    }
}
