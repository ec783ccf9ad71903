namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>A state that reads a byte (its edges are neighbours in a list), or one that continues as two others, or the accepting one, which has neither.</summary>
internal readonly record struct NfaState(int FirstEdge, int EdgeCount, int Left, int Right)
{
    /// <summary>Number of the accepting state.</summary>
    public const int Accept = 0;

    public static NfaState Reading(int firstEdge, int edgeCount) => new(firstEdge, edgeCount, Accept, Accept);

    public static NfaState Split(int left, int right) => new(0, 0, left, right);
}
