using System.Collections.Frozen;
using System.Text;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>The tokens that a text starts from: a piece a character, or the bytes of its UTF-8 form. Immutable.</summary>
internal sealed class CharacterTable
{
    private readonly int[] _basicPlane = new int[char.MaxValue + 1];
    private readonly FrozenDictionary<int, int> _otherPlanes;
    private readonly int[] _byteIds;

    public CharacterTable(PieceTable pieces, int[] byteIds)
    {
        Array.Fill(_basicPlane, PieceTable.NotFound);
        var otherPlanes = new Dictionary<int, int>();
        for (var id = 0; id < pieces.Count; id++)
        {
            var piece = pieces[id];
            if (piece.Length == 1)
                _basicPlane[piece[0]] = id;
            else if (piece.Length == 2 && char.IsSurrogatePair(piece[0], piece[1]))
                otherPlanes[char.ConvertToUtf32(piece[0], piece[1])] = id;
        }

        _otherPlanes = otherPlanes.ToFrozenDictionary();
        _byteIds = byteIds;
    }

    /// <summary>Writes the tokens of a text's characters.</summary>
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="ids">Receives the ids; at least three times as long as the text.</param>
    /// <returns>Number of ids.</returns>
    public int Split(ReadOnlySpan<char> text, Span<int> ids)
    {
        var count = 0;
        for (var index = 0; index < text.Length; index++)
        {
            var id = _basicPlane[text[index]];
            if (id >= 0)
            {
                ids[count++] = id;
                continue;
            }

            var rune = char.IsHighSurrogate(text[index]) ? new Rune(text[index], text[++index]) : new Rune(text[index]);
            count += SplitRare(rune, ids[count..]);
        }

        return count;
    }

    private int SplitRare(Rune rune, Span<int> ids)
    {
        if (!rune.IsBmp && _otherPlanes.TryGetValue(rune.Value, out ids[0]))
            return 1;
        Span<byte> utf8 = stackalloc byte[4];
        var count = rune.EncodeToUtf8(utf8);
        for (var index = 0; index < count; index++)
            ids[index] = _byteIds[utf8[index]];
        return count;
    }
}
