using System.Numerics;
using System.Runtime.CompilerServices;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>Finds the rule for a pair of pieces: one probe of one array in most cases. Immutable.</summary>
internal sealed class MergeTable
{
    /// <summary>Rank of a pair that no rule joins.</summary>
    public const int NoRank = int.MaxValue;

    private const ulong Free = ulong.MaxValue;

    private readonly Slot[] _slots;
    private readonly int[] _products;
    private readonly int _shift;

    // Random and odd, so that no file can be made whose pairs all meet in one slot.
    private readonly ulong _multiplier = (ulong)Random.Shared.NextInt64() | 1;

    public MergeTable(IReadOnlyList<Merge> merges)
    {
        var size = BitOperations.RoundUpToPowerOf2(Math.Max(16u, (uint)(merges.Count / 5 * 8)));
        _shift = 64 - BitOperations.Log2(size);
        _slots = new Slot[size];
        Array.Fill(_slots, new Slot(Free, NoRank));
        _products = new int[merges.Count];
        for (var rank = 0; rank < merges.Count; rank++)
        {
            // Of two rules for one pair the later one holds, as in the reference.
            var key = Key(merges[rank].Left, merges[rank].Right);
            _slots[FindSlot(key)] = new Slot(key, rank);
            _products[rank] = merges[rank].Product;
        }
    }

    /// <summary>The rank of the rule for a pair, or <see cref="NoRank"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public int RankOf(int left, int right) => _slots[FindSlot(Key(left, right))].Rank;

    /// <summary>The piece that the rule of a rank makes.</summary>
    public int ProductOf(int rank) => _products[rank];

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private int FindSlot(ulong key)
    {
        var slots = _slots;
        var slot = (int)((key * _multiplier) >> _shift);
        while (slots[slot].Key != key && slots[slot].Key != Free)
            slot = (slot + 1) & (slots.Length - 1);
        return slot;
    }

    private readonly record struct Slot(ulong Key, int Rank);
}
