namespace T5GemmaSharp.Hosting.Batching;

/// <summary>A request for numbers of rows, which are computed in batches with those of other requests, in any order.</summary>
internal sealed class RowsWork : EngineRequest
{
    // Continuations of callers must not run on the model thread.
    private readonly TaskCompletionSource<IReadOnlyList<float[]>> _result = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly Queue<int> _waiting;
    private readonly float[][] _numbers;
    private int _missing;

    /// <summary>Creates a request.</summary>
    /// <param name="function">What is computed.</param>
    /// <param name="rows">Ids of each row, at least one row and one id a row.</param>
    /// <param name="timeout">Time until the end.</param>
    /// <param name="caller">The caller's token.</param>
    public RowsWork(RowFunction function, IReadOnlyList<IReadOnlyList<int>> rows, TimeSpan timeout, CancellationToken caller)
        : base(timeout, caller)
    {
        (Function, Rows, _numbers, _missing) = (function, rows, new float[rows.Count][], rows.Count);
        _waiting = new Queue<int>(Enumerable.Range(0, rows.Count).OrderByDescending(row => rows[row].Count)); // rows of like length together: little padding
    }

    public RowFunction Function { get; }

    public IReadOnlyList<IReadOnlyList<int>> Rows { get; }

    /// <summary>The numbers of each row.</summary>
    public Task<IReadOnlyList<float[]>> Result => _result.Task;

    /// <summary>The next row that nobody has taken; null: none.</summary>
    public int? Next => _waiting.TryPeek(out var row) ? row : null;

    /// <summary>Takes the next row.</summary>
    public int Take() => _waiting.Dequeue();

    public override int InputTokens => Rows.Sum(row => row.Count);

    /// <summary>Sets the numbers of a row.</summary>
    /// <returns>Whether all are there.</returns>
    public bool Set(int row, float[] numbers)
    {
        _numbers[row] = numbers;
        return --_missing == 0;
    }

    public override void Complete() => _result.TrySetResult(_numbers);

    public override void Fail(Exception error)
    {
        if (error is OperationCanceledException cancelled)
            _result.TrySetCanceled(cancelled.CancellationToken);
        else
            _result.TrySetException(error);
    }
}
