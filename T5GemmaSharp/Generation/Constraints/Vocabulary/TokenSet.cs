namespace T5GemmaSharp.Generation.Constraints.Vocabulary;

/// <summary>A set of token ids, one bit each, the lowest bit of a byte first.</summary>
internal sealed class TokenSet(int vocabularySize)
{
    private readonly byte[] _bits = new byte[(vocabularySize + 7) / 8];

    public ReadOnlySpan<byte> Bits => _bits;

    /// <summary>Ascending ids of the tokens.</summary>
    public int[] ToIds()
    {
        var ids = new List<int>();
        for (var index = 0; index < _bits.Length; index++)
        {
            for (var bits = (uint)_bits[index]; bits != 0; bits &= bits - 1)
                ids.Add((index * 8) + System.Numerics.BitOperations.TrailingZeroCount(bits));
        }

        return [.. ids];
    }

    public void Add(int id) => _bits[id >> 3] |= (byte)(1 << (id & 7));
}
