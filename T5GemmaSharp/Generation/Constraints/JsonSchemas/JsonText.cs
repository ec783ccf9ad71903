using System.Text;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>How values are written as JSON. Each character has one form: itself, or where JSON wants an escape, the shortest one.</summary>
/// <param name="options">Where spaces may stand, and the longest string.</param>
internal sealed class JsonText(JsonSchemaOptions options)
{
    private static readonly CodePointSet Escaped = CodePointSet.Of((0, 0x1F), ('"', '"'), ('\\', '\\'));
    private static readonly Expression Quotes = Expression.Text("\"");

    private static readonly Expression NonZero = Expression.Character(CodePointSet.Of(('1', '9')));
    private static readonly Expression Digit = Expression.Character(CodePointSet.Of(('0', '9')));

    private readonly List<Expression> _anyValues = []; // of each depth

    /// <summary>Any number with at most 15 digits on each side of the point and two of the exponent: it fits a double.</summary>
    public static Expression Number { get; } = Expression.Sequence(
        Expression.Optional(Expression.Text("-")),
        Expression.AnyOf(Expression.Text("0"), Expression.Sequence(NonZero, Expression.Repeat(Digit, 0, 14))),
        Expression.Optional(Expression.Sequence(Expression.Text("."), Expression.Repeat(Digit, 1, 15))),
        Expression.Optional(Expression.Sequence(Expression.Texts(["e", "E", "e+", "E+", "e-", "E-"]), Expression.Repeat(Digit, 1, 2))));

    public static Expression Boolean { get; } = Expression.Texts(["true", "false"]);

    public static Expression Null { get; } = Expression.Text("null");

    /// <summary>What stands between two items.</summary>
    public Expression Comma { get; } = WithSpace(",", options);

    /// <summary>What stands between a name and its value.</summary>
    public Expression Colon { get; } = WithSpace(":", options);

    /// <summary>Any string, up to the longest.</summary>
    public Expression AnyString { get; } = String(Expression.Repeat(Character(CodePointSet.All), 0, options.MaxStringLength));

    /// <summary>A string with this content, which is written as JSON wants it.</summary>
    public static Expression String(Expression content) => Expression.Sequence(Quotes, content, Quotes);

    /// <summary>A string of some number of any characters.</summary>
    public Expression StringOf(int minimum, int? maximum)
        => String(Expression.Repeat(Character(CodePointSet.All), minimum, maximum ?? (options.MaxStringLength is { } most ? Math.Max(most, minimum) : null)));

    /// <summary>One character of a set, inside a string.</summary>
    public static Expression Character(CodePointSet set) => Expression.AnyOf(
        Expression.Character(set.Except(Escaped)),
        Expression.Texts(set.Intersect(Escaped).Ranges.SelectMany(range => Enumerable.Range(range.First, range.Last - range.First + 1)).Select(code => Escape((char)code))));

    /// <summary>A string in quotes.</summary>
    public static string Quote(string text)
    {
        var quoted = new StringBuilder("\"", text.Length + 2);
        foreach (var character in text)
            quoted.Append(character is < ' ' or '"' or '\\' ? Escape(character) : character.ToString());
        return quoted.Append('"').ToString();
    }

    /// <summary>An array with this content.</summary>
    public static Expression Array(Expression content) => Expression.Sequence(Expression.Text("["), content, Expression.Text("]"));

    /// <summary>An object with this content.</summary>
    public static Expression Object(Expression content) => Expression.Sequence(Expression.Text("{"), content, Expression.Text("}"));

    /// <summary>A name and its value.</summary>
    public Expression Member(Expression name, Expression value) => Expression.Sequence(name, Colon, value);

    /// <summary>Items with commas between those that are there.</summary>
    public Expression List(IReadOnlyList<(Expression Body, bool IsRequired)> items, Expression? more) => Expression.List(items, more, Comma);

    /// <summary>Any value with at most some number of arrays and objects inside one another.</summary>
    public Expression AnyValue(int depth)
    {
        while (_anyValues.Count <= depth) // each value is a part of two of the next
        {
            var inner = _anyValues.Count;
            var scalars = Expression.AnyOf(AnyString, Number, Boolean, Null);
            _anyValues.Add(inner == 0 ? scalars : Expression.AnyOf(scalars, Array(List([], AnyValue(inner - 1))), AnyObject(inner)));
        }

        return _anyValues[depth];
    }


    /// <summary>Any object of such a depth.</summary>
    public Expression AnyObject(int depth) => Object(depth == 0 ? Expression.Empty : List([], Member(AnyString, AnyValue(depth - 1))));

    private static string Escape(char character) => character switch
    {
        '"' => "\\\"",
        '\\' => "\\\\",
        '\b' => "\\b",
        '\f' => "\\f",
        '\n' => "\\n",
        '\r' => "\\r",
        '\t' => "\\t",
        _ => $"\\u{(int)character:x4}",
    };

    private static Expression WithSpace(string separator, JsonSchemaOptions options)
        => Expression.Texts(options.Whitespace == JsonWhitespace.None ? [separator] : [separator, separator + " "]);
}
