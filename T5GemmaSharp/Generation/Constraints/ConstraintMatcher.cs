using T5GemmaSharp.Generation.Constraints.Automata;

namespace T5GemmaSharp.Generation.Constraints;

/// <summary>Follows one text through a <see cref="TokenConstraint"/>, a token at a time. Not thread-safe.</summary>
public sealed class ConstraintMatcher
{
    private readonly TokenConstraint _constraint;
    private DfaState _state;

    internal ConstraintMatcher(TokenConstraint constraint, DfaState state) => (_constraint, _state) = (constraint, state);

    /// <summary>Whether the text so far is complete, so that it may end here.</summary>
    public bool IsAccepting => _state.IsAccepting;

    /// <summary>Adds a token to the text, if a complete text can still follow it.</summary>
    /// <param name="id">The token.</param>
    /// <returns>Whether it was added. It is not if it is a special token or outside the vocabulary.</returns>
    public bool TryAdvance(int id)
    {
        var next = _constraint.Next(_state, id);
        if (next.IsDead)
            return false;
        _state = next;
        return true;
    }

    /// <summary>Ascending ids of the tokens that <see cref="TryAdvance"/> takes now; none when the text can only end.</summary>
    public IReadOnlyList<int> GetAllowedIds() => _constraint.Allowed(_state).ToIds();

    /// <summary>A matcher that goes on from the same text on its own.</summary>
    public ConstraintMatcher Clone() => new(_constraint, _state);
}
