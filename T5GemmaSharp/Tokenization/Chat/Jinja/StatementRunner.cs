using System.Text;
using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>Runs statements and gathers what they write.</summary>
internal sealed class StatementRunner
{
    private readonly RenderContext _context;
    private readonly ScopeAnalysis _scopes;
    private readonly ExpressionEvaluator _expressions;

    public StatementRunner(RenderContext context, ScopeAnalysis scopes)
    {
        _context = context;
        _scopes = scopes;
        _expressions = new ExpressionEvaluator(context);
    }

    /// <summary>How a run ended.</summary>
    private enum Flow
    {
        /// <summary>At the last statement.</summary>
        Next,

        /// <summary>At a break.</summary>
        Break,

        /// <summary>At a continue.</summary>
        Continue,
    }

    /// <summary>Runs the body of a template or macro.</summary>
    /// <returns>What it writes.</returns>
    /// <exception cref="ChatTemplateException">The template fails or exceeds a limit.</exception>
    public string RunBody(IReadOnlyList<Statement> body, Scope scope)
    {
        var output = new StringBuilder();
        RunScope(body, scope, output);
        return output.ToString();
    }

    private Flow RunScope(IReadOnlyList<Statement> body, Scope scope, StringBuilder output)
    {
        var undefined = _scopes.StartingUndefined(body);
        _context.Step(undefined.Count);
        foreach (var name in undefined)
            scope.Set(name, new JinjaUndefined($"'{name}' is undefined"));
        return Run(body, scope, output);
    }

    private Flow Run(IReadOnlyList<Statement> body, Scope scope, StringBuilder output)
    {
        foreach (var statement in body)
        {
            _context.StepInto();
            _context.Line = statement.Line;
            var flow = Run(statement, scope, output);
            if (flow != Flow.Next)
                return flow;
        }

        return Flow.Next;
    }

    private Flow Run(Statement statement, Scope scope, StringBuilder output)
    {
        switch (statement)
        {
            case Statement.Text text:
                Write(output, text.Content);
                return Flow.Next;
            case Statement.Output expression:
                Write(output, PythonFormat.Text(_context, _expressions.Evaluate(expression.Value, scope)));
                return Flow.Next;
            case Statement.If choice:
                return RunIf(choice, scope, output);
            case Statement.For loop:
                return RunFor(loop, scope, output);
            case Statement.Set set:
                Assign(set.Target, _expressions.Evaluate(set.Value, scope), scope);
                return Flow.Next;
            case Statement.SetBlock set:
                return RunSetBlock(set, scope);
            case Statement.Macro macro:
                scope.Set(macro.Name, new JinjaMacro(macro, scope, this, _expressions));
                return Flow.Next;
            case Statement.Generation generation:
                return RunScope(generation.Body, new Scope(scope), output);
            case Statement.Break:
                return Flow.Break;
            case Statement.Continue:
                return Flow.Continue;
            default:
                throw new InvalidOperationException($"no run of {statement.GetType().Name}");
        }
    }

    private void Write(StringBuilder output, string text)
    {
        _context.Produce(text.Length);
        _context.CheckLength((long)output.Length + text.Length);
        output.Append(text);
    }

    private Flow RunIf(Statement.If choice, Scope scope, StringBuilder output)
    {
        foreach (var (condition, body) in choice.Branches)
        {
            if (_expressions.IsTrue(condition, scope))
                return Run(body, scope, output);
        }

        return Run(choice.Else, scope, output);
    }

    private Flow RunFor(Statement.For loop, Scope scope, StringBuilder output)
    {
        var value = _expressions.Evaluate(loop.Items, scope);
        var items = PythonTypes.Iterate(_context, value);
        if (loop.Filter is { } filter)
            items = items.Where(item => _expressions.IsTrue(filter, Bind(loop.Target, item, scope)));
        var state = new LoopState(_context, items, loop.Filter is null ? PythonTypes.Length(_context, value) : null);

        // As in the reference, only a turn that reaches its end keeps the else part from running.
        var hasTurn = false;
        while (state.MoveNext())
        {
            var turn = Bind(loop.Target, state.Current, scope);
            turn.Set("loop", state);
            var flow = RunScope(loop.Body, turn, output);
            if (flow == Flow.Break)
                break;
            hasTurn |= flow == Flow.Next;
        }

        return hasTurn ? Flow.Next : RunScope(loop.Else, new Scope(scope), output);
    }

    private Scope Bind(AssignmentTarget target, object? item, Scope parent)
    {
        var scope = new Scope(parent);
        Assign(target, item, scope);
        return scope;
    }

    private Flow RunSetBlock(Statement.SetBlock set, Scope scope)
    {
        var output = new StringBuilder();
        var flow = RunScope(set.Body, new Scope(scope), output);
        if (flow == Flow.Next)
            Assign(set.Target, output.ToString(), scope);
        return flow;
    }

    private void Assign(AssignmentTarget target, object? value, Scope scope)
    {
        switch (target)
        {
            case AssignmentTarget.Variable variable:
                scope.Set(variable.Name, value);
                break;
            case AssignmentTarget.NamespaceAttribute attribute:
                if (scope.Get(attribute.Namespace) is not JinjaNamespace space)
                    throw _context.Fail($"'{attribute.Namespace}' is not a namespace: its attribute '{attribute.Name}' cannot be set");
                space.Attributes[attribute.Name] = value;
                break;
            case AssignmentTarget.Unpacking unpacking:
                Unpack(unpacking, value, scope);
                break;
        }
    }

    private void Unpack(AssignmentTarget.Unpacking unpacking, object? value, Scope scope)
    {
        var values = PythonTypes.Iterate(_context, value).ToList();
        if (values.Count != unpacking.Targets.Count)
            throw _context.Fail($"expected {unpacking.Targets.Count} values to unpack, got {values.Count}");
        for (var index = 0; index < values.Count; index++)
            Assign(unpacking.Targets[index], values[index], scope);
    }
}
