namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>A step over one byte of a range, both ends included.</summary>
internal readonly record struct NfaEdge(byte First, byte Last, int Target);
