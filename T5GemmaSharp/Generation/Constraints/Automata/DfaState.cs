using T5GemmaSharp.Generation.Constraints.Vocabulary;

namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>A state of the deterministic automaton: a set of states of the other one, and what is known about it so far.</summary>
/// <remarks>What is known only grows, or is forgotten as a whole; a reader that finds nothing asks <see cref="LazyDfa"/>, which works it out under its lock.</remarks>
internal sealed class DfaState
{
    /// <summary>The state from which no text is complete.</summary>
    public static readonly DfaState Dead = new([], isAccepting: false, classCount: 0);

    private readonly DfaState?[] _next; // of each class of bytes
    private TokenSet? _tokens;

    public DfaState(int[] members, bool isAccepting, int classCount)
    {
        Members = members;
        IsAccepting = isAccepting;
        _next = new DfaState?[classCount];
    }

    /// <summary>The states of the nondeterministic automaton, ascending; only those that read a byte, and the accepting one.</summary>
    public int[] Members { get; }

    /// <summary>Whether the text may end here.</summary>
    public bool IsAccepting { get; }

    /// <summary>Whether no text is complete from here.</summary>
    public bool IsDead => ReferenceEquals(this, Dead);

    /// <summary>The tokens that are allowed next; null when not known.</summary>
    public TokenSet? Tokens
    {
        get => Volatile.Read(ref _tokens);
        set => Volatile.Write(ref _tokens, value);
    }

    /// <summary>Memory of the state in bytes, without its tokens.</summary>
    public long Size => 128 + (sizeof(int) * (long)Members.Length) + (IntPtr.Size * (long)_next.Length);

    /// <summary>The state after a byte of a class; null when not known.</summary>
    public DfaState? Next(int byteClass) => Volatile.Read(ref _next[byteClass]);

    /// <summary>Keeps the state after a byte of a class.</summary>
    public void SetNext(int byteClass, DfaState next) => Volatile.Write(ref _next[byteClass], next);

    /// <summary>Forgets the states that follow, and the tokens.</summary>
    public void Forget()
    {
        Array.Clear(_next);
        Tokens = null;
    }
}
