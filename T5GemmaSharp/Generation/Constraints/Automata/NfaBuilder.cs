using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>Builds an automaton from its end: each part is given the state that follows it, so parts share their continuation and nothing is patched but loops.</summary>
internal sealed class NfaBuilder
{
    private readonly List<NfaState> _states = [];
    private readonly List<NfaEdge> _edges = [];
    private readonly int _maxStates;

    private NfaBuilder(int maxStates) => _maxStates = maxStates;

    /// <summary>Builds the automaton of an expression that fits at least one text.</summary>
    /// <exception cref="ConstraintException">It needs too many states.</exception>
    public static Nfa Build(Expression expression, int maxStates)
    {
        var builder = new NfaBuilder(maxStates);
        var accept = builder.Add(NfaState.Split(NfaState.Accept, NfaState.Accept));
        var start = builder.Add(expression, accept);
        return new Nfa([.. builder._states], [.. builder._edges], start);
    }

    /// <summary>Adds a state that reads one byte.</summary>
    public int AddReading(params ReadOnlySpan<NfaEdge> edges)
    {
        _edges.AddRange(edges);
        return Add(NfaState.Reading(_edges.Count - edges.Length, edges.Length));
    }

    /// <summary>Adds a state that continues as two others.</summary>
    public int AddSplit(int left, int right) => Add(NfaState.Split(left, right));

    private int Add(Expression expression, int next)
    {
        switch (expression)
        {
            case Expression.OneOf one:
                return new Utf8Builder(this, next).Add(one.Set);
            case Expression.Literals literals:
                return new PrefixTreeBuilder(this, next).Add(literals.Encoded);
            case Expression.Chain chain:
                return chain.Parts.Reverse().Aggregate(next, (following, part) => Add(part, following));
            case Expression.Alternatives alternatives:
                return alternatives.Branches.Select(branch => Add(branch, next)).ToList().Aggregate((left, right) => AddSplit(left, right));
            case Expression.Repetition repetition:
                return AddRepetition(repetition, next);
            default:
                return AddSeparated((Expression.Separated)expression, next);
        }
    }

    private int AddRepetition(Expression.Repetition repetition, int next)
    {
        var (current, copies) = (next, repetition.Minimum);
        if (repetition.Maximum is { } maximum)
        {
            for (var copy = repetition.Minimum; copy < maximum; copy++)
                current = AddSplit(Add(repetition.Body, current), next);
        }
        else
        {
            var again = AddSplit(NfaState.Accept, next);
            var body = Add(repetition.Body, again);
            _states[again] = NfaState.Split(body, next);
            (current, copies) = copies == 0 ? (again, 0) : (body, copies - 1); // the loop's own body is one of the copies
        }

        for (var copy = 0; copy < copies; copy++)
            current = Add(repetition.Body, current);
        return current;
    }

    private int AddSeparated(Expression.Separated list, int next)
    {
        var (first, later) = (next, next); // what follows while no item has been there, and after one
        if (list.More is { } more)
        {
            later = AddSplit(NfaState.Accept, next);
            var body = Add(more, later);
            _states[later] = NfaState.Split(Add(list.Separator, body), next);
            first = AddSplit(body, next);
        }

        foreach (var (item, isRequired) in list.Items.Reverse())
        {
            var body = Add(item, later);
            var separated = Add(list.Separator, body);
            first = isRequired ? body : AddSplit(body, first);
            later = isRequired ? separated : AddSplit(separated, later);
        }

        return first;
    }

    private int Add(NfaState state)
    {
        if (_states.Count >= _maxStates)
            throw new ConstraintException($"the constraint needs more than {_maxStates} states: shorten its counted repetitions, or raise {nameof(ConstraintOptions)}.{nameof(ConstraintOptions.MaxStates)}");
        _states.Add(state);
        return _states.Count - 1;
    }
}
