using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.RegularExpressions;

/// <summary>Reads what stands for one character: escapes and classes.</summary>
internal static class RegexClasses
{
    private static readonly CodePointSet Digits = CodePointSet.Of(('0', '9'));
    private static readonly CodePointSet WordCharacters = CodePointSet.Of(('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z'));
    private static readonly CodePointSet Spaces = CodePointSet.Of(('\t', '\r'), (' ', ' '));

    /// <summary>What <c>.</c> stands for.</summary>
    public static CodePointSet Dot { get; } = CodePointSet.Single('\n').Complement();

    /// <summary>Reads an escape, whose backslash is taken.</summary>
    public static CodePointSet ReadEscape(RegexCursor cursor)
    {
        var start = cursor.Position - 1;
        var code = cursor.Take();
        return (char)code switch
        {
            _ when code > 0x7F => throw cursor.Error("only ASCII punctuation and letters with a meaning may follow a backslash", start),
            'd' => Digits,
            'D' => Digits.Complement(),
            'w' => WordCharacters,
            'W' => WordCharacters.Complement(),
            's' => Spaces,
            'S' => Spaces.Complement(),
            'n' => CodePointSet.Single('\n'),
            'r' => CodePointSet.Single('\r'),
            't' => CodePointSet.Single('\t'),
            'f' => CodePointSet.Single('\f'),
            'v' => CodePointSet.Single('\v'),
            'x' => CodePointSet.Single(cursor.TakeHex(least: 2, most: 2)),
            'u' => CodePointSet.Single(ReadUnicode(cursor)),
            'b' or 'B' => throw cursor.Error("word boundaries are not supported", start),
            'p' or 'P' => throw cursor.Error("Unicode categories are not supported; write the ranges of characters", start),
            'k' or (>= '0' and <= '9') => throw cursor.Error("backreferences are not supported", start),
            var other when char.IsAsciiLetter(other) || other == '_' => throw cursor.Error($"the escape \\{other} is not supported", start),
            var other when char.IsControl(other) => throw cursor.Error("a control character cannot be escaped", start),
            var other => CodePointSet.Single(other),
        };
    }

    /// <summary>Reads a class, whose opening bracket is taken.</summary>
    public static CodePointSet ReadClass(RegexCursor cursor)
    {
        var start = cursor.Position - 1;
        var isNegated = cursor.TryTake('^');
        if (cursor.Sees(']'))
            throw cursor.Error("a class needs at least one character; write \\] for a bracket");
        var ranges = new List<(int First, int Last)>();
        while (!cursor.TryTake(']'))
        {
            if (cursor.IsAtEnd)
                throw cursor.Error("the class is not closed", start);
            ranges.AddRange(ReadRange(cursor));
        }

        var set = CodePointSet.Of([.. ranges]);
        return isNegated ? set.Complement() : set;
    }

    private static IReadOnlyList<(int First, int Last)> ReadRange(RegexCursor cursor)
    {
        var start = cursor.Position;
        var first = ReadMember(cursor);
        if (!cursor.TryTake('-'))
            return first.Ranges;
        if (cursor.Sees(']'))
            return [.. first.Ranges, ('-', '-')];
        var last = ReadMember(cursor);
        if (!IsSingle(first) || !IsSingle(last))
            throw cursor.Error("a range needs one character on each side; write \\- for a hyphen", start);
        return first.Ranges[0].First <= last.Ranges[0].First
            ? [(first.Ranges[0].First, last.Ranges[0].First)]
            : throw cursor.Error("the range is in reverse order", start);
    }

    private static CodePointSet ReadMember(RegexCursor cursor)
    {
        if (cursor.Sees('['))
            throw cursor.Error("classes within classes are not supported; write \\[ for a bracket");
        return cursor.TryTake('\\') ? ReadEscape(cursor) : CodePointSet.Single(cursor.Take());
    }

    private static int ReadUnicode(RegexCursor cursor)
    {
        if (!cursor.TryTake('{'))
            return cursor.TakeHex(least: 4, most: 4);
        var value = cursor.TakeHex(least: 1, most: 6);
        return cursor.TryTake('}') ? value : throw cursor.Error("expected }");
    }

    private static bool IsSingle(CodePointSet set) => set.Ranges is [var only] && only.First == only.Last;
}
