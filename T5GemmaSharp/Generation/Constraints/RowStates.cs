using T5GemmaSharp.Generation.Constraints.Automata;

namespace T5GemmaSharp.Generation.Constraints;

/// <summary>Where each row of a batch stands in a constraint. Rows are known by their ids, so that they may change places between steps.</summary>
internal sealed class RowStates(TokenConstraint constraint, long[] eosTokenIds, int? padTokenId, int promptLength)
{
    private Dictionary<long[], DfaState?> _previous = NewTable();

    /// <summary>Whether rows are beams, of which one without an allowed token goes on with another until the others have overtaken it. It counts as ended.</summary>
    public bool HasBeams { get; init; }

    /// <summary>The states of all rows.</summary>
    /// <param name="rows">Number of rows.</param>
    /// <param name="ids">The ids after the prompt, row after row.</param>
    /// <returns>The state of each row; null for one that has ended.</returns>
    /// <exception cref="InvalidOperationException">A row has left the constraint.</exception>
    public DfaState?[] Advance(int rows, ReadOnlySpan<long> ids)
    {
        var length = rows == 0 ? 0 : ids.Length / rows;
        var current = NewTable();
        var states = new DfaState?[rows];
        for (var row = 0; row < rows; row++)
        {
            var rowIds = ids.Slice(row * length, length);
            states[row] = StateOf(rowIds, row);
            current.GetAlternateLookup<ReadOnlySpan<long>>()[rowIds] = states[row];
        }

        _previous = current;
        return states;
    }

    private DfaState? StateOf(ReadOnlySpan<long> ids, int row)
    {
        if (ids.IsEmpty)
            return constraint.StartState;
        if (_previous.GetAlternateLookup<ReadOnlySpan<long>>().TryGetValue(ids[..^1], out var state))
            return After(state, ids, ids.Length - 1, row, mayLeave: HasBeams);
        state = constraint.StartState;
        for (var index = 0; index < ids.Length; index++)
            state = After(state, ids, index, row, mayLeave: false);
        return state;
    }

    private DfaState? After(DfaState? state, ReadOnlySpan<long> ids, int index, int row, bool mayLeave)
    {
        if (state is null || eosTokenIds.Contains(ids[index]))
            return null;
        var next = constraint.Next(state, ids[index]);
        if (next.IsDead && (mayLeave || ids[index] == padTokenId))
            return null; // padding: a stop string or a criterion has ended the row, and others go on
        if (next.IsDead)
            throw new InvalidOperationException($"row {row}, position {promptLength + index}: token {ids[index]} is not allowed by the constraint after what precedes it; is the prompt length of {promptLength} right, and does nothing else choose tokens?");
        return next;
    }

    private static Dictionary<long[], DfaState?> NewTable() => new(new ListComparer<long>());
}
