using System.Runtime.ExceptionServices;

namespace T5GemmaSharp.Training.Data.Files.Reading;

/// <summary>Turns rows into something else on several threads and gives the results in the order of the rows.</summary>
internal static class OrderedParallel
{
    private const int RowsAtOnce = 64;
    private const long BytesAtOnce = 1 << 20;

    /// <summary>Starts turning. At most <paramref name="threads"/> parcels of rows are in memory.</summary>
    /// <exception cref="Exception">What the rows or the function have thrown; it comes in the place of its row.</exception>
    public static IEnumerable<TResult> Select<TResult>(IEnumerable<RawRow> rows, Func<RawRow, IReadOnlyList<TResult>> function, int threads)
    {
        using var enumerator = rows.GetEnumerator();
        var working = new Queue<Task<Parcel<TResult>>>();
        for (var isOver = false; !isOver;)
        {
            var (taken, fault, ended) = Take(enumerator);
            isOver = ended;
            if (taken.Count > 0)
                working.Enqueue(Task.Run(() => Turn(taken, function)));
            while (working.Count >= (isOver ? 1 : threads))
            {
                var parcel = working.Dequeue().GetAwaiter().GetResult();
                foreach (var result in parcel.Results)
                    yield return result;
                parcel.Fault?.Throw();
            }

            fault?.Throw();
        }
    }

    private static (List<RawRow> Rows, ExceptionDispatchInfo? Fault, bool IsOver) Take(IEnumerator<RawRow> rows)
    {
        var taken = new List<RawRow>();
        try
        {
            for (var size = 0L; taken.Count < RowsAtOnce && size < BytesAtOnce; size += taken[^1].Size)
            {
                if (!rows.MoveNext())
                    return (taken, Fault: null, IsOver: true);
                taken.Add(rows.Current);
            }

            return (taken, Fault: null, IsOver: false);
        }
        catch (Exception exception)
        {
            return (taken, ExceptionDispatchInfo.Capture(exception), IsOver: true); // the rows before it come first
        }
    }

    private static Parcel<TResult> Turn<TResult>(List<RawRow> rows, Func<RawRow, IReadOnlyList<TResult>> function)
    {
        var results = new List<TResult>();
        try
        {
            foreach (var row in rows)
                results.AddRange(function(row));
            return new Parcel<TResult>(results, Fault: null);
        }
        catch (Exception exception)
        {
            return new Parcel<TResult>(results, ExceptionDispatchInfo.Capture(exception));
        }
    }

    private sealed record Parcel<TResult>(List<TResult> Results, ExceptionDispatchInfo? Fault);
}
