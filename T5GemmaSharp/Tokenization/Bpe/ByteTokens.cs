using System.Globalization;

namespace T5GemmaSharp.Tokenization.Bpe;

/// <summary>The tokens that stand for bytes, written <c>&lt;0x00&gt;</c> to <c>&lt;0xFF&gt;</c>. Immutable.</summary>
internal sealed class ByteTokens
{
    private const short NoByte = -1;

    private readonly short[] _values; // of each id

    public ByteTokens(PieceTable pieces)
    {
        _values = new short[pieces.Count];
        for (var id = 0; id < _values.Length; id++)
            _values[id] = TryParse(pieces[id], out var value) ? value : NoByte;
    }

    /// <summary>The byte that a token stands for; null when it stands for none.</summary>
    public byte? ValueOf(int id) => _values[id] == NoByte ? null : (byte)_values[id];

    /// <summary>The piece of a byte.</summary>
    public static string NameOf(int value) => string.Create(CultureInfo.InvariantCulture, $"<0x{value:X2}>");

    private static bool TryParse(ReadOnlySpan<char> piece, out byte value)
    {
        value = 0;
        return piece.Length == 6 && piece.StartsWith("<0x", StringComparison.Ordinal) && piece[5] == '>'
            && byte.TryParse(piece[3..5], NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
