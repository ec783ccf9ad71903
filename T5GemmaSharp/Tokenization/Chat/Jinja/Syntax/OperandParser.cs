using System.Text;
using T5GemmaSharp.Tokenization.Chat.Jinja.Library;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Parses operands: literals, names, and the lookups, calls, filters and tests behind them.</summary>
internal sealed class OperandParser(TokenCursor cursor, ExpressionParser expressions)
{
    private readonly ArgumentParser _arguments = new(cursor, expressions);

    /// <summary>Parses an operand.</summary>
    /// <param name="withFilters">Whether filters and tests may follow.</param>
    public Expression Parse(bool withFilters) => ParseRest(ParsePrimary(), withFilters);

    /// <summary>Parses what follows an operand.</summary>
    /// <param name="value">The operand.</param>
    /// <param name="withFilters">Whether filters and tests may follow.</param>
    public Expression ParseRest(Expression value, bool withFilters)
    {
        value = ParsePostfix(value);
        while (withFilters)
        {
            if (cursor.TakeOperator("|"))
                value = ParseFilter(value);
            else if (cursor.TakeName("is"))
                value = ParseTest(value);
            else if (cursor.Current.IsOperator("("))
                value = ParseCall(value);
            else
                break;
        }

        return value;
    }

    private Expression ParsePrimary()
    {
        var token = cursor.Take();
        switch (token)
        {
            case { Kind: TokenKind.Name }:
                return ParseName(token);
            case { Kind: TokenKind.String }:
                var text = new StringBuilder(token.Text);
                while (cursor.Current.Kind == TokenKind.String)
                    text.Append(cursor.Take().Text);
                return new Expression.Constant(token.Line, text.ToString());
            case { Kind: TokenKind.Number }:
                return new Expression.Constant(token.Line, token.Number);
            case { Kind: TokenKind.Operator, Text: "(" }:
                return ParseParentheses(token.Line);
            case { Kind: TokenKind.Operator, Text: "[" }:
                return ParseList(token.Line);
            case { Kind: TokenKind.Operator, Text: "{" }:
                return ParseDict(token.Line);
            default:
                throw cursor.Fail(token.Line, $"expected an expression, got {token.Describe()}");
        }
    }

    private Expression ParseName(Token token) => token.Text switch
    {
        "true" or "True" => new Expression.Constant(token.Line, true),
        "false" or "False" => new Expression.Constant(token.Line, false),
        "none" or "None" => new Expression.Constant(token.Line, null),
        "self" or "super" or "caller" or "varargs" or "kwargs" or "lipsum" or "cycler" or "joiner"
            => throw cursor.Fail(token.Line, $"'{token.Text}' is not supported"),
        var name => new Expression.Variable(token.Line, name),
    };

    private Expression ParseParentheses(int line)
    {
        if (cursor.TakeOperator(")"))
            return new Expression.TupleLiteral(line, []);
        var value = expressions.ParseTuple();
        cursor.ExpectOperator(")");
        return value;
    }

    private Expression.ListLiteral ParseList(int line)
    {
        List<Expression> items = [];
        while (!cursor.TakeOperator("]"))
        {
            items.Add(expressions.Parse());
            if (!cursor.Current.IsOperator("]"))
                cursor.ExpectOperator(",");
        }

        return new Expression.ListLiteral(line, items);
    }

    private Expression.DictLiteral ParseDict(int line)
    {
        List<(Expression Key, Expression Value)> items = [];
        while (!cursor.TakeOperator("}"))
        {
            var key = expressions.Parse();
            cursor.ExpectOperator(":");
            items.Add((key, expressions.Parse()));
            if (!cursor.Current.IsOperator("}"))
                cursor.ExpectOperator(",");
        }

        return new Expression.DictLiteral(line, items);
    }

    private Expression ParsePostfix(Expression value)
    {
        while (true)
        {
            if (cursor.TakeOperator("."))
                value = ParseAttribute(value);
            else if (cursor.TakeOperator("["))
                value = ParseSubscript(value);
            else if (cursor.Current.IsOperator("("))
                value = ParseCall(value);
            else
                return value;
        }
    }

    private Expression ParseAttribute(Expression target)
    {
        var token = cursor.Take();
        return token switch
        {
            { Kind: TokenKind.Name } => new Expression.Attribute(token.Line, target, token.Text),
            { Kind: TokenKind.Number, Number: long } => new Expression.Item(token.Line, target, new Expression.Constant(token.Line, token.Number)),
            _ => throw cursor.Fail(token.Line, $"expected a name or an integer behind '.', got {token.Describe()}"),
        };
    }

    private Expression ParseSubscript(Expression target)
    {
        var line = cursor.Current.Line;
        var start = cursor.Current.IsOperator(":") ? null : expressions.Parse();
        if (start is not null && !cursor.Current.IsOperator(":"))
        {
            if (cursor.Current.IsOperator(","))
                throw cursor.Fail("a tuple as index is not supported");
            cursor.ExpectOperator("]");
            return new Expression.Item(line, target, start);
        }

        cursor.ExpectOperator(":");
        var stop = ParseBound();
        var step = cursor.TakeOperator(":") ? ParseBound() : null;
        cursor.ExpectOperator("]");
        return new Expression.Slice(line, target, start, stop, step);
    }

    private Expression? ParseBound()
        => cursor.Current.IsOperator(":") || cursor.Current.IsOperator("]") ? null : expressions.Parse();

    private Expression.Call ParseCall(Expression target)
    {
        var line = cursor.Current.Line;
        return new Expression.Call(line, target, _arguments.Parse());
    }

    private Expression.Filter ParseFilter(Expression value)
    {
        var name = cursor.Expect(TokenKind.Name, "the name of a filter");
        var function = FilterTable.Find(name.Text) ?? throw cursor.Fail(name.Line, $"the filter '{name.Text}' is not supported");
        var arguments = cursor.Current.IsOperator("(") ? _arguments.Parse() : ArgumentList.Empty;
        CheckNamedFunctions(name, arguments);
        return new Expression.Filter(name.Line, value, function, arguments);
    }

    // map, select and their kin name another filter or test; a literal name can be checked before anything is rendered.
    private void CheckNamedFunctions(Token filter, ArgumentList arguments)
    {
        var place = filter.Text is "selectattr" or "rejectattr" ? 1 : 0;
        if (arguments.Positional.ElementAtOrDefault(place) is not Expression.Constant { Value: string name })
            return;
        if (filter.Text is "map" && FilterTable.Find(name) is null)
            throw cursor.Fail(filter.Line, $"the filter '{name}' is not supported");
        if (filter.Text is "select" or "reject" or "selectattr" or "rejectattr" && TestTable.Find(name) is null)
            throw cursor.Fail(filter.Line, $"the test '{name}' is not supported");
    }

    private Expression ParseTest(Expression value)
    {
        var isNegated = cursor.TakeName("not");
        var name = cursor.Expect(TokenKind.Name, "the name of a test");
        var function = TestTable.Find(name.Text) ?? throw cursor.Fail(name.Line, $"the test '{name.Text}' is not supported");
        Expression test = new Expression.Test(name.Line, value, function, ParseTestArguments());
        return isNegated ? new Expression.Not(name.Line, test) : test;
    }

    // The one argument of a test may stand without parentheses.
    private ArgumentList ParseTestArguments()
    {
        var token = cursor.Current;
        if (token.IsOperator("("))
            return _arguments.Parse();
        var begins = token.Kind is TokenKind.String or TokenKind.Number
            || token.IsOperator("[") || token.IsOperator("{")
            || (token.Kind == TokenKind.Name && token.Text is not ("else" or "or" or "and"));
        if (!begins)
            return ArgumentList.Empty;
        if (token.IsName("is"))
            throw cursor.Fail("tests cannot be chained with 'is'");
        return new ArgumentList([ParsePostfix(ParsePrimary())], []);
    }
}
