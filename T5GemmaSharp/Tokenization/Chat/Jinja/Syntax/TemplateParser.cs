namespace T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;

/// <summary>Parses the statements of a template.</summary>
internal sealed class TemplateParser
{
    private readonly TokenCursor _cursor;
    private readonly ExpressionParser _expressions;
    private readonly TargetParser _targets;
    private bool _inLoop;

    private TemplateParser(TokenCursor cursor)
    {
        _cursor = cursor;
        _expressions = new ExpressionParser(cursor);
        _targets = new TargetParser(cursor);
    }

    /// <summary>Parses a template.</summary>
    /// <param name="name">Its name, for messages.</param>
    /// <param name="source">Its text.</param>
    /// <exception cref="ChatTemplateException">The template is broken or uses what is not supported.</exception>
    public static IReadOnlyList<Statement> Parse(string name, string source)
        => new TemplateParser(new TokenCursor(name, TemplateLexer.Read(name, source))).ParseStatements();

    // Ends before the tag that begins with one of the names, the name being the next token.
    private List<Statement> ParseStatements(params string[] endNames)
    {
        _cursor.Enter();
        List<Statement> statements = [];
        while (true)
        {
            var token = _cursor.Take();
            switch (token.Kind)
            {
                case TokenKind.Data:
                    statements.Add(new Statement.Text(token.Line, token.Text));
                    break;
                case TokenKind.VariableBegin:
                    statements.Add(new Statement.Output(token.Line, _expressions.ParseTuple()));
                    _cursor.Expect(TokenKind.VariableEnd, "'}}'");
                    break;
                case TokenKind.BlockBegin when endNames.Any(_cursor.Current.IsName):
                    _cursor.Leave();
                    return statements;
                case TokenKind.BlockBegin:
                    statements.Add(ParseStatement());
                    EndTag();
                    break;
                case TokenKind.End when endNames.Length > 0:
                    throw _cursor.Fail(token.Line, $"expected '{endNames[^1]}', got the end of the template");
                default:
                    _cursor.Leave();
                    return statements;
            }
        }
    }

    private List<Statement> ParseBody(params string[] endNames)
    {
        _cursor.TakeOperator(":");
        EndTag();
        return ParseStatements(endNames);
    }

    private void EndTag() => _cursor.Expect(TokenKind.BlockEnd, "'%}'");

    private Statement ParseStatement()
    {
        var tag = _cursor.Expect(TokenKind.Name, "the name of a tag");
        return tag.Text switch
        {
            "if" => ParseIf(tag.Line),
            "for" => ParseFor(tag.Line),
            "set" => ParseSet(tag.Line),
            "macro" => ParseMacro(tag.Line),
            "generation" => new Statement.Generation(tag.Line, ParseOutsideLoop("endgeneration")),
            "break" when _inLoop => new Statement.Break(tag.Line),
            "continue" when _inLoop => new Statement.Continue(tag.Line),
            "break" or "continue" => throw _cursor.Fail(tag.Line, $"'{tag.Text}' outside of a loop"),
            _ => throw _cursor.Fail(tag.Line, $"the tag '{tag.Text}' is not supported here"),
        };
    }

    private Statement.If ParseIf(int line)
    {
        List<(Expression Condition, IReadOnlyList<Statement> Body)> branches = [];
        do
        {
            var condition = _expressions.ParseTuple(allowChoice: false);
            branches.Add((condition, ParseBody("elif", "else", "endif")));
        }
        while (_cursor.TakeName("elif"));

        var otherwise = _cursor.TakeName("else") ? ParseBody("endif") : [];
        _cursor.ExpectName("endif");
        return new Statement.If(line, branches, otherwise);
    }

    private Statement.For ParseFor(int line)
    {
        var target = _targets.ParseLoopTarget();
        _cursor.ExpectName("in");
        var items = _expressions.ParseTuple(allowChoice: false);
        var filter = _cursor.TakeName("if") ? _expressions.Parse() : null;
        if (_cursor.Current.IsName("recursive"))
            throw _cursor.Fail("a recursive loop is not supported");

        var wasInLoop = _inLoop;
        _inLoop = true;
        var body = ParseBody("endfor", "else");
        _inLoop = wasInLoop;
        var otherwise = _cursor.TakeName("else") ? ParseBody("endfor") : [];
        _cursor.ExpectName("endfor");
        return new Statement.For(line, target, items, filter, body, otherwise);
    }

    private Statement ParseSet(int line)
    {
        var target = _targets.ParseSetTarget();
        if (_cursor.TakeOperator("="))
            return new Statement.Set(line, target, _expressions.ParseTuple());
        if (_cursor.Current.IsOperator("|"))
            throw _cursor.Fail("a filter on a set block is not supported");
        var body = ParseBody("endset");
        _cursor.ExpectName("endset");
        return new Statement.SetBlock(line, target, body);
    }

    private Statement.Macro ParseMacro(int line)
    {
        var name = _targets.ParseName();
        List<(string Name, Expression? Default)> parameters = [];
        _cursor.ExpectOperator("(");
        while (!_cursor.TakeOperator(")"))
        {
            var parameter = _targets.ParseName();
            var value = _cursor.TakeOperator("=") ? _expressions.Parse() : null;
            if (parameters.Count == ArgumentParser.MaximumCount)
                throw _cursor.Fail($"more than {ArgumentParser.MaximumCount} parameters");
            if (parameters.Exists(earlier => earlier.Name == parameter))
                throw _cursor.Fail($"the parameter '{parameter}' is declared twice");
            if (value is null && parameters.Count > 0 && parameters[^1].Default is not null)
                throw _cursor.Fail($"the parameter '{parameter}' without a default behind one with a default");
            parameters.Add((parameter, value));
            if (!_cursor.Current.IsOperator(")"))
                _cursor.ExpectOperator(",");
        }

        return new Statement.Macro(line, name, parameters, ParseOutsideLoop("endmacro"));
    }

    // The body of a macro, or what Jinja treats as one, is not part of the loop around it.
    private List<Statement> ParseOutsideLoop(string endName)
    {
        var wasInLoop = _inLoop;
        _inLoop = false;
        var body = ParseBody(endName);
        _inLoop = wasInLoop;
        _cursor.ExpectName(endName);
        return body;
    }
}
