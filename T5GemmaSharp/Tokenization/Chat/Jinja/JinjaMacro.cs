using T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>A macro with the scope that it was defined in.</summary>
internal sealed class JinjaMacro(Statement.Macro macro, Scope definition, StatementRunner runner, ExpressionEvaluator expressions) : IJinjaCallable
{
    // As many as Python allows, roughly; the stack is checked besides.
    private const int MaximumDepth = 200;

    private int _depth;

    /// <inheritdoc/>
    public object? Call(RenderContext context, CallArguments arguments)
    {
        if (_depth == MaximumDepth)
            throw context.Fail($"the macro '{macro.Name}' calls itself more than {MaximumDepth} times");
        var bound = arguments.Bind(context, macro.Name, required: 0, [.. macro.Parameters.Select(parameter => parameter.Name)]);
        _depth++;
        var scope = new Scope(definition);
        for (var index = 0; index < macro.Parameters.Count; index++)
        {
            var (name, defaultValue) = macro.Parameters[index];
            if (bound.Has(index))
                scope.Set(name, bound.Value(index));
            else
                scope.Set(name, defaultValue is null ? new JinjaUndefined($"parameter '{name}' was not provided") : expressions.Evaluate(defaultValue, scope));
        }

        var text = runner.RunBody(macro.Body, scope);
        _depth--;
        return text;
    }
}
