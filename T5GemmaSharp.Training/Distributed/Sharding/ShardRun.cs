using T5GemmaSharp.Training.Commands;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Training.Distributed.Sharding;

/// <summary>
/// Works on a part of the rows, a portion after the other. Portions lie at the same rows whatever the number of parts, and what is computed together is always of one portion: the parts'
/// outputs, one behind the other, are the bytes of the output of one part.
/// </summary>
internal static class ShardRun
{
    private const int BatchesPerPortion = 8;

    /// <summary>Runs the work, from where an earlier process has left it.</summary>
    /// <typeparam name="T">What a row is.</typeparam>
    /// <param name="request">The request.</param>
    /// <param name="batchSize">Most rows a batch.</param>
    /// <param name="read">Reads a line, given with its place.</param>
    /// <param name="load">Loads what computes, which is not called when nothing is left to do; it returns lines for the rows of a portion, given with the number of the first.</param>
    /// <param name="cancellation">Ends the work; what is done stays.</param>
    /// <returns>The exit code.</returns>
    public static int Run<T>(
        ShardRequest request,
        int batchSize,
        Func<ReadOnlyMemory<byte>, string, T> read,
        Action<Action<Func<long, IReadOnlyList<T>, IEnumerable<string>>>> load,
        CancellationToken cancellation)
    {
        var input = new ShardInput(request.Files);
        var (rows, identity) = input.Measure(request.Settings);
        var portion = batchSize * BatchesPerPortion;
        var (firstPortion, lastPortion) = request.Shard.Range((rows + portion - 1) / portion);
        var (from, to) = (firstPortion * portion, Math.Min(lastPortion * portion, rows));
        var path = request.Shard.PathOf(request.Output);
        using var output = new ShardOutput(path, identity, to - from);
        if (!output.IsComplete)
        {
            if (output.Rows < to - from)
                load(Work);
            output.Complete();
        }

        Console.WriteLine(path);
        return ExitCode.Done;

        void Work(Func<long, IReadOnlyList<T>, IEnumerable<string>> answer) => GenerationConsole.Run((int)Math.Min(int.MaxValue, to - from), report =>
        {
            report((int)output.Rows);
            foreach (var items in input.Read(from + output.Rows, to, read).Chunk(portion))
            {
                cancellation.ThrowIfCancellationRequested();
                output.Add(items.Length, answer(from + output.Rows, items));
                report((int)output.Rows);
            }
        });
    }
}
