using System.Buffers;
using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Generation.Constraints.RegularExpressions;

/// <summary>A place in a pattern.</summary>
/// <param name="pattern">The pattern.</param>
/// <param name="source">What the pattern is, for messages.</param>
internal sealed class RegexCursor(string pattern, string source)
{
    /// <summary>Index of the next UTF-16 code unit.</summary>
    public int Position { get; private set; }

    public bool IsAtEnd => Position == pattern.Length;

    /// <summary>Whether a character comes next.</summary>
    public bool Sees(char character) => !IsAtEnd && pattern[Position] == character;

    /// <summary>Whether one of some characters comes next.</summary>
    public bool SeesAny(string characters) => !IsAtEnd && characters.Contains(pattern[Position]);

    /// <summary>Takes a character if it comes next.</summary>
    public bool TryTake(char character)
    {
        if (!Sees(character))
            return false;
        Position++;
        return true;
    }

    /// <summary>Takes the next code point.</summary>
    public int Take()
    {
        if (Rune.DecodeFromUtf16(pattern.AsSpan(Position), out var rune, out var length) != OperationStatus.Done)
            throw Error(IsAtEnd ? "the pattern ends too early" : "half of a surrogate pair is no character");
        Position += length;
        return rune.Value;
    }

    /// <summary>Takes decimal digits; null when there is none.</summary>
    public int? TakeNumber()
    {
        var start = Position;
        while (!IsAtEnd && char.IsAsciiDigit(pattern[Position]))
            Position++;
        if (Position == start)
            return null;
        return int.TryParse(pattern.AsSpan(start..Position), NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw Error($"a count is larger than {int.MaxValue}", start);
    }

    /// <summary>Takes hexadecimal digits, the number of a character.</summary>
    /// <param name="least">Least number of digits.</param>
    /// <param name="most">Greatest number of digits.</param>
    public int TakeHex(int least, int most)
    {
        var start = Position;
        while (!IsAtEnd && Position - start < most && char.IsAsciiHexDigit(pattern[Position]))
            Position++;
        if (Position - start < least)
            throw Error($"expected {(least == most ? least : $"{least} to {most}")} hexadecimal digits", start);
        var value = int.Parse(pattern.AsSpan(start..Position), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
        return Rune.IsValid(value) ? value : throw Error("this number is no Unicode character; write a surrogate pair as one character, or as \\u{...}", start);
    }

    public ConstraintException Error(string problem, int? position = null) => new($"{source}, position {position ?? Position}", problem);
}
