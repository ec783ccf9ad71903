using System.Diagnostics;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed.Checking;

/// <summary>Tries every operation of an engine on tensors whose results are known, and measures it. Every rank has to call it.</summary>
internal static class CollectivesCheck
{
    private const long LargeSize = 7_000_001; // more than a bucket of gradients, which are float32

    private const int TimedElements = 1 << 22;
    private const int Rounds = 10;
    private const long Period = 251; // of the patterns: prime, and so small that sums of them are exact in bfloat16 for a few ranks

    private static readonly long[] Sizes = [0, 1, 12_347];
    private static readonly ScalarType[] Dtypes = [ScalarType.Float32, ScalarType.Float64, ScalarType.BFloat16, ScalarType.Int64];

    /// <summary>Tries everything.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <returns>What is wrong, a line each.</returns>
    public static IReadOnlyList<string> Faults(ICollectives ranks)
    {
        List<string> faults = [];
        foreach (var dtype in Dtypes)
        {
            foreach (var size in dtype == ScalarType.Float32 ? [.. Sizes, LargeSize] : Sizes)
            {
                using var scope = NewDisposeScope();
                Check("all-reduce", size, AllReduce(ranks, size, dtype));
                Check("reduce-scatter", size, ReduceScatter(ranks, size, dtype));
                Check("all-gather", size, AllGather(ranks, size, dtype));
                Check("broadcast", size, Broadcast(ranks, size, dtype));
            }

            void Check(string operation, long size, (Tensor Actual, Tensor Expected) result)
            {
                if (result.Actual.numel() != result.Expected.numel() || result.Actual.cpu().ne(result.Expected).any().item<bool>())
                    faults.Add($"{operation} of {size} {dtype} on rank {ranks.Rank}: the result is wrong");
            }
        }

        faults.AddRange(InOneGo(ranks));
        ranks.Barrier();
        return faults;
    }

    /// <summary>Speed of the sum of float32 numbers over all ranks: gigabytes a second of the tensor.</summary>
    public static double GigabytesPerSecond(ICollectives ranks)
    {
        using var scope = NewDisposeScope();
        var values = zeros([TimedElements], dtype: ScalarType.Float32, device: ranks.Device);
        ranks.AllReduce(values).Wait();
        ranks.Barrier();
        var clock = Stopwatch.StartNew();
        for (var round = 0; round < Rounds; round++)
            ranks.AllReduce(values).Wait();
        ranks.Barrier();
        return Rounds * TimedElements * (double)sizeof(float) / clock.Elapsed.TotalSeconds / 1e9;
    }

    // Small integers, another series on each rank.
    private static Tensor Pattern(long rank, long size, ScalarType dtype)
        => ((arange(size, dtype: ScalarType.Int64) + (rank * 7)) % (Period / 4)).to(dtype);

    private static Tensor SumOfPatterns(ICollectives ranks, long size, ScalarType dtype)
    {
        var sum = zeros([size], dtype: ScalarType.Float64);
        for (var rank = 0; rank < ranks.World; rank++)
            sum.add_(Pattern(rank, size, ScalarType.Float64));
        return sum.to(dtype);
    }

    private static (Tensor, Tensor) AllReduce(ICollectives ranks, long size, ScalarType dtype)
    {
        var values = Pattern(ranks.Rank, size, dtype).to(ranks.Device);
        ranks.AllReduce(values).Wait();
        return (values, SumOfPatterns(ranks, size, dtype));
    }

    private static (Tensor, Tensor) ReduceScatter(ICollectives ranks, long size, ScalarType dtype)
    {
        var output = zeros([size], dtype: dtype, device: ranks.Device);
        ranks.ReduceScatter(Pattern(ranks.Rank, size * ranks.World, dtype).to(ranks.Device), output).Wait();
        return (output, SumOfPatterns(ranks, size * ranks.World, dtype).narrow(0, ranks.Rank * size, size));
    }

    private static (Tensor, Tensor) AllGather(ICollectives ranks, long size, ScalarType dtype)
    {
        var output = zeros([size * ranks.World], dtype: dtype, device: ranks.Device);
        ranks.AllGather(Pattern(ranks.Rank, size, dtype).to(ranks.Device), output).Wait();
        return (output, cat([.. Enumerable.Range(0, ranks.World).Select(rank => Pattern(rank, size, dtype))], 0));
    }

    private static (Tensor, Tensor) Broadcast(ICollectives ranks, long size, ScalarType dtype)
    {
        var root = ranks.World - 1;
        var values = Pattern(ranks.Rank, size, dtype).to(ranks.Device);
        ranks.Broadcast(values, root).Wait();
        return (values, Pattern(root, size, dtype));
    }

    /// <summary>Operations that are begun before others are waited for.</summary>
    private static IEnumerable<string> InOneGo(ICollectives ranks)
    {
        const int count = 8;
        using var scope = NewDisposeScope();
        var values = Enumerable.Range(0, count).Select(index => full([1000 + index], index + ranks.Rank, dtype: ScalarType.Float32, device: ranks.Device)).ToArray();
        var handles = values.Select(tensor => ranks.AllReduce(tensor)).ToArray();
        foreach (var handle in handles.Reverse())
            handle.Wait();
        return [.. Enumerable.Range(0, count)
            .Where(index => values[index].cpu().ne((index * ranks.World) + (ranks.World * (ranks.World - 1) / 2)).any().item<bool>())
            .Select(index => $"all-reduce {index} of {count} in one go on rank {ranks.Rank}: the result is wrong")];
    }
}
