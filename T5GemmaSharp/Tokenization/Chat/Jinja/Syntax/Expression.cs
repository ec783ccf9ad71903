using T5GemmaSharp.Tokenization.Chat.Jinja.Library;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>An expression of a template.</summary>
/// <param name="Line">Its line, from 1.</param>
internal abstract record Expression(int Line)
{
    /// <summary>The expressions that it is made of.</summary>
    public IEnumerable<Expression> Parts => this switch
    {
        TupleLiteral tuple => tuple.Items,
        ListLiteral list => list.Items,
        DictLiteral dict => dict.Items.SelectMany(item => new[] { item.Key, item.Value }),
        Attribute attribute => [attribute.Target],
        Item item => [item.Target, item.Index],
        Slice slice => new[] { slice.Target, slice.Start, slice.Stop, slice.Step }.OfType<Expression>(),
        Call call => [call.Target, .. call.Arguments.All],
        Filter filter => [filter.Value, .. filter.Arguments.All],
        Test test => [test.Value, .. test.Arguments.All],
        Not not => [not.Operand],
        Sign sign => [sign.Operand],
        Arithmetic arithmetic => [arithmetic.Left, arithmetic.Right],
        Logic logic => [logic.Left, logic.Right],
        Concatenation concatenation => concatenation.Operands,
        Comparison comparison => [comparison.First, .. comparison.Rest.Select(item => item.Operand)],
        Choice choice => new[] { choice.Condition, choice.WhenTrue, choice.WhenFalse }.OfType<Expression>(),
        _ => [],
    };

    /// <summary>A literal.</summary>
    public sealed record Constant(int Line, object? Value) : Expression(Line);

    /// <summary>A variable.</summary>
    public sealed record Variable(int Line, string Name) : Expression(Line);

    /// <summary><c>(a, b)</c>.</summary>
    public sealed record TupleLiteral(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

    /// <summary><c>[a, b]</c>.</summary>
    public sealed record ListLiteral(int Line, IReadOnlyList<Expression> Items) : Expression(Line);

    /// <summary><c>{a: b}</c>.</summary>
    public sealed record DictLiteral(int Line, IReadOnlyList<(Expression Key, Expression Value)> Items) : Expression(Line);

    /// <summary><c>a.b</c>.</summary>
    public sealed record Attribute(int Line, Expression Target, string Name) : Expression(Line);

    /// <summary><c>a[b]</c>.</summary>
    public sealed record Item(int Line, Expression Target, Expression Index) : Expression(Line);

    /// <summary><c>a[b:c:d]</c>.</summary>
    public sealed record Slice(int Line, Expression Target, Expression? Start, Expression? Stop, Expression? Step) : Expression(Line);

    /// <summary><c>a(b)</c>.</summary>
    public sealed record Call(int Line, Expression Target, ArgumentList Arguments) : Expression(Line);

    /// <summary><c>a | filter(b)</c>.</summary>
    public sealed record Filter(int Line, Expression Value, FilterFunction Function, ArgumentList Arguments) : Expression(Line);

    /// <summary><c>a is test(b)</c>.</summary>
    public sealed record Test(int Line, Expression Value, TestFunction Function, ArgumentList Arguments) : Expression(Line);

    /// <summary><c>not a</c>.</summary>
    public sealed record Not(int Line, Expression Operand) : Expression(Line);

    /// <summary><c>-a</c> or <c>+a</c>.</summary>
    public sealed record Sign(int Line, bool IsNegative, Expression Operand) : Expression(Line);

    /// <summary>An arithmetic operator.</summary>
    public sealed record Arithmetic(int Line, string Operator, Expression Left, Expression Right) : Expression(Line);

    /// <summary><c>a and b</c> or <c>a or b</c>.</summary>
    public sealed record Logic(int Line, bool IsAnd, Expression Left, Expression Right) : Expression(Line);

    /// <summary><c>a ~ b</c>.</summary>
    public sealed record Concatenation(int Line, IReadOnlyList<Expression> Operands) : Expression(Line);

    /// <summary>A chain of comparisons.</summary>
    public sealed record Comparison(int Line, Expression First, IReadOnlyList<(string Operator, Expression Operand)> Rest) : Expression(Line);

    /// <summary><c>a if b else c</c>.</summary>
    public sealed record Choice(int Line, Expression Condition, Expression WhenTrue, Expression? WhenFalse) : Expression(Line);
}
