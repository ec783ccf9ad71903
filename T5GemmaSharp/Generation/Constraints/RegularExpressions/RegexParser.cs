using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.RegularExpressions;

/// <summary>Reads a regular expression of a strict subset that the usual dialects share; anything else is refused with its position.</summary>
internal sealed class RegexParser
{
    /// <summary>Most groups inside one another: the parser and the builder call themselves for each.</summary>
    public const int MaxDepth = 200;

    private const string Anchors = "^ and $ are supported at the start and the end of an outermost alternative only; write a backslash before the character itself";

    private readonly RegexCursor _cursor;
    private readonly Func<CodePointSet, Expression> _encode;

    private RegexParser(RegexCursor cursor, Func<CodePointSet, Expression> encode) => (_cursor, _encode) = (cursor, encode);

    /// <summary>Reads a pattern.</summary>
    /// <param name="pattern">The pattern.</param>
    /// <param name="encode">How one character of a set is written in the text.</param>
    /// <param name="source">What the pattern is, for messages.</param>
    /// <returns>The outermost alternatives; at least one.</returns>
    /// <exception cref="ConstraintException">The pattern is broken or not supported.</exception>
    public static IReadOnlyList<RegexBranch> Parse(string pattern, Func<CodePointSet, Expression> encode, string source)
    {
        var parser = new RegexParser(new RegexCursor(pattern, source), encode);
        var branches = new List<RegexBranch>();
        do
            branches.Add(parser.ReadBranch());
        while (parser._cursor.TryTake('|'));
        return parser._cursor.IsAtEnd ? branches : throw parser._cursor.Error("no group is open; write \\) for a parenthesis");
    }

    private RegexBranch ReadBranch()
    {
        var isAnchoredAtStart = _cursor.TryTake('^');
        var body = ReadSequence(depth: 0);
        var end = _cursor.Position;
        var isAnchoredAtEnd = _cursor.TryTake('$');
        if (isAnchoredAtEnd && !_cursor.IsAtEnd && !_cursor.Sees('|'))
            throw _cursor.Error(Anchors, end);
        return new RegexBranch(body, isAnchoredAtStart, isAnchoredAtEnd);
    }

    private Expression ReadSequence(int depth)
    {
        var parts = new List<Expression>();
        while (!_cursor.IsAtEnd && !_cursor.SeesAny("|)"))
        {
            if (depth == 0 && _cursor.Sees('$'))
                break;
            parts.Add(ReadQuantifier(ReadAtom(depth)));
        }

        return Expression.Sequence(parts);
    }

    private Expression ReadAtom(int depth)
    {
        if (_cursor.TryTake('('))
            return ReadGroup(depth + 1);
        if (_cursor.TryTake('['))
            return _encode(RegexClasses.ReadClass(_cursor));
        if (_cursor.TryTake('.'))
            return _encode(RegexClasses.Dot);
        if (_cursor.TryTake('\\'))
            return _encode(RegexClasses.ReadEscape(_cursor));
        if (_cursor.SeesAny("*+?"))
            throw _cursor.Error("there is nothing to repeat; a repetition cannot be repeated without a group");
        if (_cursor.Sees('{'))
            throw _cursor.Error("there is nothing to repeat; write \\{ for a brace");
        if (_cursor.SeesAny("^$"))
            throw _cursor.Error(Anchors);
        return _encode(CodePointSet.Single(_cursor.Take()));
    }

    private Expression ReadGroup(int depth)
    {
        var start = _cursor.Position - 1;
        if (depth > MaxDepth)
            throw _cursor.Error($"groups are nested deeper than {MaxDepth}", start);
        if (_cursor.TryTake('?') && !_cursor.TryTake(':'))
            throw _cursor.Error("of the groups that begin with (?, only (?: ) is supported", start);
        var branches = new List<Expression>();
        do
            branches.Add(ReadSequence(depth));
        while (_cursor.TryTake('|'));
        return _cursor.TryTake(')') ? Expression.AnyOf(branches) : throw _cursor.Error("the group is not closed", start);
    }

    private Expression ReadQuantifier(Expression body)
    {
        var start = _cursor.Position;
        (int Minimum, int? Maximum)? counts =
            _cursor.TryTake('*') ? (0, null)
            : _cursor.TryTake('+') ? (1, null)
            : _cursor.TryTake('?') ? (0, 1)
            : _cursor.TryTake('{') ? ReadCounts(start)
            : null;
        if (counts is not { } found)
            return body;
        _cursor.TryTake('?'); // lazy: the same texts
        return Expression.Repeat(body, found.Minimum, found.Maximum);
    }

    private (int Minimum, int? Maximum) ReadCounts(int start)
    {
        if (_cursor.TakeNumber() is not { } minimum)
            throw _cursor.Error("expected a count such as {2}, {2,} or {2,5}; write \\{ for a brace", start);
        var maximum = _cursor.TryTake(',') ? _cursor.TakeNumber() : minimum;
        if (!_cursor.TryTake('}'))
            throw _cursor.Error("expected a count such as {2}, {2,} or {2,5}; write \\{ for a brace", start);
        return maximum < minimum ? throw _cursor.Error("the counts are in reverse order", start) : (minimum, maximum);
    }
}
