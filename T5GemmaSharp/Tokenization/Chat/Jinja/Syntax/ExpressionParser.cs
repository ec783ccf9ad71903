namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Parses operators in Jinja's order of precedence.</summary>
internal sealed class ExpressionParser
{
    private static readonly string[] Comparisons = ["==", "!=", "<", "<=", ">", ">="];
    private static readonly string[] Sums = ["+", "-"];
    private static readonly string[] Products = ["*", "/", "//", "%"];
    private static readonly string[] Powers = ["**"];

    private readonly TokenCursor _cursor;
    private readonly OperandParser _operands;

    public ExpressionParser(TokenCursor cursor)
    {
        _cursor = cursor;
        _operands = new OperandParser(cursor, this);
    }

    /// <summary>Parses an expression, or a tuple without parentheses.</summary>
    /// <param name="allowChoice">Whether an inline if may stand outside of parentheses.</param>
    public Expression ParseTuple(bool allowChoice = true)
    {
        var line = _cursor.Current.Line;
        var first = Parse(allowChoice);
        if (!_cursor.Current.IsOperator(","))
            return first;
        List<Expression> items = [first];
        while (_cursor.TakeOperator(","))
        {
            if (_cursor.Current.Kind is TokenKind.VariableEnd or TokenKind.BlockEnd || _cursor.Current.IsOperator(")"))
                break;
            items.Add(Parse(allowChoice));
        }

        return new Expression.TupleLiteral(line, items);
    }

    /// <summary>Parses one expression.</summary>
    /// <param name="allowChoice">Whether an inline if may stand outside of parentheses.</param>
    public Expression Parse(bool allowChoice = true)
    {
        _cursor.Enter();
        var line = _cursor.Current.Line;
        var value = ParseOr();
        while (allowChoice && _cursor.TakeName("if"))
        {
            var condition = ParseOr();
            var otherwise = _cursor.TakeName("else") ? Parse() : null;
            value = new Expression.Choice(line, condition, value, otherwise);
        }

        _cursor.Leave();
        return value;
    }

    /// <summary>Parses a signed operand.</summary>
    /// <param name="withFilters">Whether filters and tests may follow.</param>
    public Expression ParseUnary(bool withFilters = true)
    {
        var token = _cursor.Current;
        if (!token.IsOperator("-") && !token.IsOperator("+"))
            return _operands.Parse(withFilters);
        _cursor.Enter();
        _cursor.Take();
        var operand = ParseUnary(withFilters: false);
        _cursor.Leave();
        return _operands.ParseRest(new Expression.Sign(token.Line, token.Text == "-", operand), withFilters);
    }

    private Expression ParseOr()
    {
        var line = _cursor.Current.Line;
        var left = ParseAnd();
        while (_cursor.TakeName("or"))
            left = new Expression.Logic(line, IsAnd: false, left, ParseAnd());
        return left;
    }

    private Expression ParseAnd()
    {
        var line = _cursor.Current.Line;
        var left = ParseNot();
        while (_cursor.TakeName("and"))
            left = new Expression.Logic(line, IsAnd: true, left, ParseNot());
        return left;
    }

    private Expression ParseNot()
    {
        var line = _cursor.Current.Line;
        if (!_cursor.TakeName("not"))
            return ParseComparison();
        _cursor.Enter();
        var operand = ParseNot();
        _cursor.Leave();
        return new Expression.Not(line, operand);
    }

    private Expression ParseComparison()
    {
        var line = _cursor.Current.Line;
        var first = ParseSum();
        List<(string Operator, Expression Operand)> rest = [];
        while (TakeComparison() is { } comparison)
            rest.Add((comparison, ParseSum()));
        return rest.Count == 0 ? first : new Expression.Comparison(line, first, rest);
    }

    private string? TakeComparison()
    {
        if (_cursor.Current.Kind == TokenKind.Operator && Comparisons.Contains(_cursor.Current.Text))
            return _cursor.Take().Text;
        if (_cursor.TakeName("in"))
            return "in";
        if (!_cursor.Current.IsName("not") || !_cursor.Following.IsName("in"))
            return null;
        _cursor.Take();
        _cursor.Take();
        return "not in";
    }

    private Expression ParseSum() => ParseArithmetic(Sums, ParseConcatenation);

    private Expression ParseConcatenation()
    {
        var line = _cursor.Current.Line;
        var first = ParseProduct();
        if (!_cursor.Current.IsOperator("~"))
            return first;
        List<Expression> parts = [first];
        while (_cursor.TakeOperator("~"))
            parts.Add(ParseProduct());
        return new Expression.Concatenation(line, parts);
    }

    private Expression ParseProduct() => ParseArithmetic(Products, ParsePower);

    private Expression ParsePower() => ParseArithmetic(Powers, () => ParseUnary());

    private Expression ParseArithmetic(string[] operators, Func<Expression> parseOperand)
    {
        var line = _cursor.Current.Line;
        var left = parseOperand();
        while (_cursor.Current.Kind == TokenKind.Operator && operators.Contains(_cursor.Current.Text))
        {
            var text = _cursor.Take().Text;
            var right = parseOperand();

            // Jinja's compiler folds the sign into the number and loses the parentheses, so that Python reads -(1 ** x).
            if (text == "**" && left is Expression.Sign { Operand: Expression.Constant } && right is not Expression.Constant)
                throw _cursor.Fail(line, "'**' between a signed number and a value that is not a number is not supported");
            left = new Expression.Arithmetic(line, text, left, right);
        }

        return left;
    }
}
