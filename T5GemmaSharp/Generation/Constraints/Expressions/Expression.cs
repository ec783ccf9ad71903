using System.Text;

namespace T5GemmaSharp.Generation.Constraints.Expressions;

/// <summary>A set of texts, described by its form. Immutable; one may be a part of several others.</summary>
/// <remarks>The factory methods remove every part that no text fits, so an automaton built from an expression has no dead end.</remarks>
internal abstract class Expression
{
    private static readonly UTF8Encoding StrictUtf8 = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>No text at all.</summary>
    public static readonly Expression Nothing = new Alternatives([]);

    /// <summary>The empty text alone.</summary>
    public static readonly Expression Empty = new Chain([]);

    private Expression()
    {
    }

    /// <summary>Whether no text fits.</summary>
    public bool IsNothing => this is Alternatives { Branches.Count: 0 };

    private bool IsEmpty => this is Chain { Parts.Count: 0 };

    /// <summary>One character of a set.</summary>
    public static Expression Character(CodePointSet set) => set.IsEmpty ? Nothing : new OneOf(set);

    /// <summary>Exactly one text.</summary>
    /// <exception cref="EncoderFallbackException">The text has a lone surrogate.</exception>
    public static Expression Text(string text) => Texts([text]);

    /// <summary>Exactly one of several texts.</summary>
    /// <exception cref="EncoderFallbackException">A text has a lone surrogate.</exception>
    public static Expression Texts(IEnumerable<string> texts)
    {
        var encoded = texts.Select(StrictUtf8.GetBytes).ToList();
        encoded.Sort(static (left, right) => left.AsSpan().SequenceCompareTo(right));
        return encoded.Count == 0 ? Nothing : new Literals(encoded);
    }

    /// <summary>One part after the other.</summary>
    public static Expression Sequence(params IReadOnlyList<Expression> parts)
    {
        if (parts.Any(part => part.IsNothing))
            return Nothing;
        Expression[] kept = [.. parts.Where(part => !part.IsEmpty)];
        return kept.Length switch { 0 => Empty, 1 => kept[0], _ => new Chain(kept) };
    }

    /// <summary>Any one of the branches.</summary>
    public static Expression AnyOf(params IReadOnlyList<Expression> branches)
    {
        Expression[] kept = [.. branches.Where(branch => !branch.IsNothing)];
        return kept.Length switch { 0 => Nothing, 1 => kept[0], _ => new Alternatives(kept) };
    }

    /// <summary>The body or nothing.</summary>
    public static Expression Optional(Expression body) => Repeat(body, minimum: 0, maximum: 1);

    /// <summary>The body a number of times; without an end if <paramref name="maximum"/> is null.</summary>
    public static Expression Repeat(Expression body, int minimum, int? maximum)
    {
        if (body.IsNothing)
            return minimum == 0 ? Empty : Nothing;
        if (body.IsEmpty || maximum == 0)
            return Empty;
        return (minimum, maximum) == (1, 1) ? body : new Repetition(body, minimum, maximum);
    }

    /// <summary>Items in their order with a separator between those that are there.</summary>
    /// <param name="items">The items and whether each must be there.</param>
    /// <param name="more">What may follow any number of times; null for nothing.</param>
    /// <param name="separator">What stands between two items; not the empty text.</param>
    public static Expression List(IReadOnlyList<(Expression Body, bool IsRequired)> items, Expression? more, Expression separator)
    {
        if (items.Any(item => item.IsRequired && item.Body.IsNothing))
            return Nothing;
        (Expression Body, bool IsRequired)[] kept = [.. items.Where(item => !item.Body.IsNothing)];
        var tail = more is { IsNothing: false } ? more : null;
        return kept.Length == 0 && tail is null ? Empty : new Separated(kept, tail, separator);
    }

    /// <summary>One character of a set.</summary>
    public sealed class OneOf(CodePointSet set) : Expression
    {
        public CodePointSet Set { get; } = set;
    }

    /// <summary>One of several texts, in UTF-8, sorted by their bytes.</summary>
    public sealed class Literals(IReadOnlyList<byte[]> encoded) : Expression
    {
        public IReadOnlyList<byte[]> Encoded { get; } = encoded;
    }

    /// <summary>One part after the other.</summary>
    public sealed class Chain(IReadOnlyList<Expression> parts) : Expression
    {
        public IReadOnlyList<Expression> Parts { get; } = parts;
    }

    /// <summary>Any one of the branches.</summary>
    public sealed class Alternatives(IReadOnlyList<Expression> branches) : Expression
    {
        public IReadOnlyList<Expression> Branches { get; } = branches;
    }

    /// <summary>The body a number of times.</summary>
    public sealed class Repetition(Expression body, int minimum, int? maximum) : Expression
    {
        public Expression Body { get; } = body;

        public int Minimum { get; } = minimum;

        public int? Maximum { get; } = maximum;
    }

    /// <summary>Items in their order with a separator between those that are there.</summary>
    public sealed class Separated(IReadOnlyList<(Expression Body, bool IsRequired)> items, Expression? more, Expression separator) : Expression
    {
        public IReadOnlyList<(Expression Body, bool IsRequired)> Items { get; } = items;

        public Expression? More { get; } = more;

        public Expression Separator { get; } = separator;
    }
}
