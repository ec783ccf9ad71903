using System.Text;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Distributed;

/// <summary>Collective operations on a few numbers or a text, that are waited for.</summary>
public static class CollectivesExtensions
{
    /// <summary>Adds up numbers over all ranks.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="values">As many on each rank.</param>
    /// <exception cref="PeerLostException">A rank did not answer.</exception>
    public static long[] Sum(this ICollectives ranks, long[] values) => Exchange(ranks, values, ranks.NotNull().AllReduce);

    /// <summary>Adds up numbers over all ranks.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="values">As many on each rank.</param>
    /// <exception cref="PeerLostException">A rank did not answer.</exception>
    public static double[] Sum(this ICollectives ranks, double[] values) => Exchange(ranks, values, ranks.NotNull().AllReduce);

    /// <summary>Gives every rank the numbers of rank 0.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="values">As many on each rank.</param>
    /// <exception cref="PeerLostException">A rank did not answer.</exception>
    public static long[] FromFirst(this ICollectives ranks, long[] values) => Exchange(ranks, values, tensor => ranks.NotNull().Broadcast(tensor));

    /// <summary>Gives every rank the numbers of rank 0.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="values">As many on each rank.</param>
    /// <exception cref="PeerLostException">A rank did not answer.</exception>
    public static double[] FromFirst(this ICollectives ranks, double[] values) => Exchange(ranks, values, tensor => ranks.NotNull().Broadcast(tensor));

    /// <summary>Gives every rank the text of rank 0.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="text">The text; that of other ranks does not matter.</param>
    /// <exception cref="PeerLostException">A rank did not answer.</exception>
    public static string FromFirst(this ICollectives ranks, string text)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        ArgumentNullException.ThrowIfNull(text);
        var bytes = Encoding.UTF8.GetBytes(ranks.Rank == 0 ? text : "");
        var length = ranks.FromFirst([bytes.LongLength])[0];
        return Encoding.UTF8.GetString(Exchange(ranks, ranks.Rank == 0 ? bytes : new byte[length], tensor => ranks.Broadcast(tensor)));
    }

    /// <summary>The numbers of all ranks.</summary>
    /// <param name="ranks">The ranks.</param>
    /// <param name="values">As many on each rank.</param>
    /// <returns>The numbers of rank 0, then those of rank 1, and so on.</returns>
    /// <exception cref="PeerLostException">A rank did not answer.</exception>
    public static long[] Gather(this ICollectives ranks, long[] values)
    {
        ArgumentNullException.ThrowIfNull(ranks);
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        var all = zeros([ranks.World * values.LongLength], dtype: ScalarType.Int64, device: ranks.Device);
        ranks.AllGather(tensor(values, device: ranks.Device), all).Wait();
        return all.cpu().data<long>().ToArray();
    }

    private static ICollectives NotNull(this ICollectives? ranks) => ranks ?? throw new ArgumentNullException(nameof(ranks));

    private static T[] Exchange<T>(ICollectives ranks, T[] values, Func<Tensor, ICollectiveHandle> operation)
        where T : unmanaged
    {
        ArgumentNullException.ThrowIfNull(values);
        using var scope = NewDisposeScope();
        var exchanged = from_array(values, device: ranks.Device);
        operation(exchanged).Wait();
        return exchanged.cpu().data<T>().ToArray();
    }
}
