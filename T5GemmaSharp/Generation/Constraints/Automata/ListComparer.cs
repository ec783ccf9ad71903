using System.Diagnostics.CodeAnalysis;
using System.Runtime.InteropServices;

namespace T5GemmaSharp.Generation.Constraints.Automata;

/// <summary>Compares lists of numbers by their content.</summary>
internal sealed class ListComparer<T> : IEqualityComparer<T[]>, IAlternateEqualityComparer<ReadOnlySpan<T>, T[]>
    where T : unmanaged, IEquatable<T>
{
    public bool Equals(T[]? x, T[]? y) => x.AsSpan().SequenceEqual(y);

    public bool Equals(ReadOnlySpan<T> alternate, T[] other) => alternate.SequenceEqual(other);

    public int GetHashCode([DisallowNull] T[] obj) => GetHashCode(obj.AsSpan());

    public int GetHashCode(ReadOnlySpan<T> alternate)
    {
        var hash = new HashCode();
        hash.AddBytes(MemoryMarshal.AsBytes(alternate));
        return hash.ToHashCode();
    }

    public T[] Create(ReadOnlySpan<T> alternate) => alternate.ToArray();
}
