using System.Runtime.InteropServices;

namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>A deterministic automaton over bytes whose states are made when they are first met, and forgotten when they take too much memory. Safe for any number of threads.</summary>
/// <remarks>
/// Made ahead of time, the states of a harmless expression can be exponentially many; this way a caller pays for those that its texts meet. Since every state of
/// the nondeterministic automaton leads to the accepting one, a state is dead exactly when it has no member.
/// </remarks>
internal sealed class LazyDfa
{
    private readonly Lock _gate = new();
    private readonly Nfa _nfa;
    private readonly long _maxBytes;
    private readonly byte[] _classOf = new byte[256]; // bytes that no edge tells apart are one class
    private readonly List<byte> _firstOf = []; // of each class
    private readonly Dictionary<int[], DfaState> _states;
    private readonly Dictionary<int[], DfaState>.AlternateLookup<ReadOnlySpan<int>> _lookup;
    private readonly long[] _visits; // of each state: the number of the latest set it was added to
    private readonly Stack<int> _pending = [];
    private readonly List<int> _members = [];
    private long _visit;
    private long _bytes;
    private volatile DfaState _start;

    public LazyDfa(Nfa nfa, long maxBytes)
    {
        (_nfa, _maxBytes) = (nfa, maxBytes);
        var isFirst = new bool[257];
        isFirst[0] = true;
        foreach (var edge in nfa.AllEdges)
            (isFirst[edge.First], isFirst[edge.Last + 1]) = (true, true);
        for (var value = 0; value < 256; value++)
        {
            if (isFirst[value])
                _firstOf.Add((byte)value);
            _classOf[value] = (byte)(_firstOf.Count - 1);
        }

        _states = new Dictionary<int[], DfaState>(new ListComparer<int>());
        _lookup = _states.GetAlternateLookup<ReadOnlySpan<int>>();
        _visits = new long[nfa.Count];
        _start = MakeStart();
    }

    /// <summary>The state before the first byte.</summary>
    public DfaState Start => _start;

    /// <summary>The state after a byte.</summary>
    /// <param name="state">A state that is not dead.</param>
    /// <param name="value">The byte.</param>
    public DfaState Next(DfaState state, byte value)
    {
        var byteClass = _classOf[value];
        return state.Next(byteClass) ?? Compute(state, byteClass);
    }

    /// <summary>Counts memory that belongs to the states, and forgets them all if it is too much.</summary>
    public void Charge(long bytes)
    {
        lock (_gate)
        {
            _bytes += bytes;
            if (_bytes > _maxBytes)
                Forget();
        }
    }

    private DfaState Compute(DfaState state, int byteClass)
    {
        lock (_gate)
        {
            var value = _firstOf[byteClass];
            BeginSet();
            foreach (var member in state.Members)
            {
                foreach (var edge in _nfa.EdgesOf(member))
                {
                    if (edge.First <= value && value <= edge.Last)
                        AddWithSplits(edge.Target);
                }
            }

            var next = EndSet();
            state.SetNext(byteClass, next);
            return next;
        }
    }

    private DfaState MakeStart()
    {
        BeginSet();
        AddWithSplits(_nfa.Start);
        return EndSet();
    }

    private void BeginSet()
    {
        _visit++;
        _members.Clear();
    }

    private void AddWithSplits(int state)
    {
        _pending.Push(state);
        while (_pending.TryPop(out var current))
        {
            if (_visits[current] == _visit)
                continue;
            _visits[current] = _visit;
            if (_nfa.IsSplit(current))
            {
                _pending.Push(_nfa[current].Left);
                _pending.Push(_nfa[current].Right);
            }
            else
            {
                _members.Add(current);
            }
        }
    }

    private DfaState EndSet()
    {
        if (_members.Count == 0)
            return DfaState.Dead;
        _members.Sort();
        var members = CollectionsMarshal.AsSpan(_members);
        if (_lookup.TryGetValue(members, out var known))
            return known;
        var state = new DfaState(members.ToArray(), isAccepting: _members[0] == NfaState.Accept, _firstOf.Count);
        _bytes += state.Size;
        if (_bytes > _maxBytes)
        {
            Forget();
            _bytes += state.Size;
        }

        _states.Add(state.Members, state);
        return state;
    }

    /// <summary>Unties all states, so that a caller which still holds one does not keep the others alive.</summary>
    private void Forget()
    {
        foreach (var state in _states.Values)
            state.Forget();
        _states.Clear();
        _bytes = 0;
        // The start keeps its members; it is found again under them.
        if (_start is { } start)
        {
            _states.Add(start.Members, start);
            _bytes = start.Size;
        }
    }
}
