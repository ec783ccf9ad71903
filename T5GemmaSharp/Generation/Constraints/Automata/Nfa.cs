namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>A nondeterministic automaton over bytes. From each of its states the accepting one can be reached. Immutable.</summary>
internal sealed class Nfa(NfaState[] states, NfaEdge[] edges, int start)
{
    public int Start { get; } = start;

    public int Count => states.Length;

    public ReadOnlySpan<NfaEdge> AllEdges => edges;

    public ref readonly NfaState this[int state] => ref states[state];

    public ReadOnlySpan<NfaEdge> EdgesOf(int state) => edges.AsSpan(states[state].FirstEdge, states[state].EdgeCount);

    /// <summary>Whether a state reads no byte and is not the accepting one.</summary>
    public bool IsSplit(int state) => state != NfaState.Accept && states[state].EdgeCount == 0;
}
