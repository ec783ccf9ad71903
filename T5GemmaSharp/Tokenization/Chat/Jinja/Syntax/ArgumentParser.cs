namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Parses the arguments in parentheses of a call, filter or test.</summary>
internal sealed class ArgumentParser(TokenCursor cursor, ExpressionParser expressions)
{
    /// <summary>How many arguments a call may have.</summary>
    public const int MaximumCount = 255;

    /// <summary>Parses arguments, from the opening parenthesis to the closing one.</summary>
    public ArgumentList Parse()
    {
        List<Expression> positional = [];
        List<(string Name, Expression Value)> named = [];
        cursor.ExpectOperator("(");
        while (!cursor.TakeOperator(")"))
        {
            if (positional.Count + named.Count == MaximumCount)
                throw cursor.Fail($"more than {MaximumCount} arguments");
            if (cursor.Current.IsOperator("*") || cursor.Current.IsOperator("**"))
                throw cursor.Fail($"'{cursor.Current.Text}' before an argument is not supported");
            if (cursor.Current.Kind == TokenKind.Name && cursor.Following.IsOperator("="))
                named.Add(ParseNamed(named));
            else if (named.Count > 0)
                throw cursor.Fail("an argument without a name behind one with a name");
            else
                positional.Add(expressions.Parse());
            if (!cursor.Current.IsOperator(")"))
                cursor.ExpectOperator(",");
        }

        return new ArgumentList(positional, named);
    }

    private (string Name, Expression Value) ParseNamed(List<(string Name, Expression Value)> earlier)
    {
        var name = cursor.Take().Text;
        if (earlier.Exists(argument => argument.Name == name))
            throw cursor.Fail($"the argument '{name}' is given twice");
        cursor.Take();
        return (name, expressions.Parse());
    }
}
