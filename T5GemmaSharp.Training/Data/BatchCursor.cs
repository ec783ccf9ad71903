namespace T5GemmaSharp.Training.Data;

/// <summary>Walks through the batches of a run, epoch after epoch. What comes at a position depends on the plan alone, so that a run can go on anywhere.</summary>
public sealed class BatchCursor
{
    private readonly Func<int, IReadOnlyList<int[]>> _plan;
    private IReadOnlyList<int[]> _batches;

    /// <summary>Plans the epoch of a position.</summary>
    /// <param name="plan">The batches of an epoch, at least one.</param>
    /// <param name="start">Position of the first batch.</param>
    /// <exception cref="ArgumentOutOfRangeException">The epoch has no such batch.</exception>
    public BatchCursor(Func<int, IReadOnlyList<int[]>> plan, BatchPosition start = default)
    {
        ArgumentNullException.ThrowIfNull(plan);
        (_plan, _batches, Position) = (plan, plan(start.Epoch), start);
        ArgumentOutOfRangeException.ThrowIfNegative(start.Batch, nameof(start));
        ArgumentOutOfRangeException.ThrowIfGreaterThan(start.Batch, _batches.Count, nameof(start));
    }

    /// <summary>Position of the next batch.</summary>
    public BatchPosition Position { get; private set; }

    /// <summary>Epochs behind the position, with fraction.</summary>
    public double Epochs => Position.Epoch + ((double)Position.Batch / _batches.Count);

    /// <summary>Takes the next batch.</summary>
    /// <returns>Its epoch and its examples.</returns>
    public (int Epoch, int[] Indices) Next()
    {
        if (Position.Batch == _batches.Count)
        {
            Position = new BatchPosition(Position.Epoch + 1, 0);
            _batches = _plan(Position.Epoch);
        }

        var batch = (Position.Epoch, _batches[Position.Batch]);
        Position = Position with { Batch = Position.Batch + 1 };
        return batch;
    }
}
