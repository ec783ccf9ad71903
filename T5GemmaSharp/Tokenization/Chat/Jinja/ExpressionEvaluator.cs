using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Syntax;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>Computes expressions.</summary>
internal sealed class ExpressionEvaluator(RenderContext context)
{
    /// <summary>The value of an expression.</summary>
    /// <exception cref="ChatTemplateException">It has none.</exception>
    public object? Evaluate(Expression expression, Scope scope)
    {
        context.StepInto();
        context.Line = expression.Line;
        return expression switch
        {
            Expression.Constant constant => constant.Value,
            Expression.Variable variable => scope.Get(variable.Name),
            Expression.TupleLiteral tuple => new JinjaTuple(EvaluateAll(tuple.Items, scope)),
            Expression.ListLiteral list => EvaluateAll(list.Items, scope),
            Expression.DictLiteral dict => EvaluateDict(dict, scope),
            Expression.Attribute attribute => EvaluateAttribute(attribute, scope),
            Expression.Item item => EvaluateItem(item, scope),
            Expression.Slice slice => EvaluateSlice(slice, scope),
            Expression.Call call => EvaluateCall(call, scope),
            Expression.Filter filter => EvaluateFilter(filter, scope),
            Expression.Test test => EvaluateTest(test, scope),
            Expression.Not not => !IsTrue(not.Operand, scope),
            Expression.Sign sign => EvaluateSign(sign, scope),
            Expression.Arithmetic arithmetic => EvaluateArithmetic(arithmetic, scope),
            Expression.Logic logic => EvaluateLogic(logic, scope),
            Expression.Concatenation concatenation => EvaluateConcatenation(concatenation, scope),
            Expression.Comparison comparison => EvaluateComparison(comparison, scope),
            Expression.Choice choice => EvaluateChoice(choice, scope),
            _ => throw new InvalidOperationException($"no evaluation of {expression.GetType().Name}"),
        };
    }

    /// <summary>Whether the value of an expression counts as true.</summary>
    public bool IsTrue(Expression expression, Scope scope) => PythonTypes.IsTrue(context, Evaluate(expression, scope));

    private List<object?> EvaluateAll(IReadOnlyList<Expression> expressions, Scope scope)
    {
        var values = new List<object?>(expressions.Count);
        foreach (var expression in expressions)
            values.Add(Evaluate(expression, scope));
        return values;
    }

    private JinjaDict EvaluateDict(Expression.DictLiteral literal, Scope scope)
    {
        var dict = new JinjaDict(context);
        foreach (var (key, value) in literal.Items)
            dict.Set(Evaluate(key, scope), Evaluate(value, scope));
        return dict;
    }

    private CallArguments EvaluateArguments(ArgumentList arguments, Scope scope)
        => new(EvaluateAll(arguments.Positional, scope), [.. arguments.Named.Select(argument => (argument.Name, Evaluate(argument.Value, scope)))]);

    private object? EvaluateAttribute(Expression.Attribute attribute, Scope scope)
    {
        var target = Evaluate(attribute.Target, scope);
        context.Line = attribute.Line;
        return Lookup.Attribute(context, target, attribute.Name);
    }

    private object? EvaluateItem(Expression.Item item, Scope scope)
    {
        var target = Evaluate(item.Target, scope);
        var index = Evaluate(item.Index, scope);
        context.Line = item.Line;
        return Lookup.Item(context, target, index);
    }

    private object? EvaluateSlice(Expression.Slice slice, Scope scope)
    {
        var target = Evaluate(slice.Target, scope);
        var start = EvaluateOptional(slice.Start, scope);
        var stop = EvaluateOptional(slice.Stop, scope);
        var step = EvaluateOptional(slice.Step, scope);
        context.Line = slice.Line;
        return Lookup.Slice(context, target, start, stop, step);
    }

    private object? EvaluateOptional(Expression? expression, Scope scope) => expression is null ? null : Evaluate(expression, scope);

    private object? EvaluateCall(Expression.Call call, Scope scope)
    {
        var target = Evaluate(call.Target, scope);
        var arguments = EvaluateArguments(call.Arguments, scope);
        context.Line = call.Line;
        return target switch
        {
            IJinjaCallable callable => callable.Call(context, arguments),
            JinjaUndefined undefined => throw context.Fail(undefined.Problem),
            LoopState => throw context.Fail("a recursive loop is not supported"),
            _ => throw context.Fail($"'{PythonTypes.NameOf(target)}' object is not callable"),
        };
    }

    private object? EvaluateFilter(Expression.Filter filter, Scope scope)
    {
        var value = Evaluate(filter.Value, scope);
        var arguments = EvaluateArguments(filter.Arguments, scope);
        context.Line = filter.Line;
        return filter.Function(context, value, arguments);
    }

    private bool EvaluateTest(Expression.Test test, Scope scope)
    {
        var value = Evaluate(test.Value, scope);
        var arguments = EvaluateArguments(test.Arguments, scope);
        context.Line = test.Line;
        return test.Function(context, value, arguments);
    }

    private object EvaluateSign(Expression.Sign sign, Scope scope)
    {
        var value = Evaluate(sign.Operand, scope);
        context.Line = sign.Line;
        if (value is JinjaUndefined undefined)
            throw context.Fail(undefined.Problem);
        if (!PythonNumbers.TryRead(value, out var number))
            throw context.Fail($"a sign before a {PythonTypes.NameOf(value)} is not supported");
        return sign.IsNegative ? PythonNumbers.Negate(context, number) : number.Real ?? (object)number.Integer;
    }

    private object? EvaluateArithmetic(Expression.Arithmetic arithmetic, Scope scope)
    {
        var left = Evaluate(arithmetic.Left, scope);
        var right = Evaluate(arithmetic.Right, scope);
        context.Line = arithmetic.Line;
        return Operators.Apply(context, arithmetic.Operator, left, right);
    }

    private object? EvaluateLogic(Expression.Logic logic, Scope scope)
    {
        var left = Evaluate(logic.Left, scope);
        return PythonTypes.IsTrue(context, left) == logic.IsAnd ? Evaluate(logic.Right, scope) : left;
    }

    private string EvaluateConcatenation(Expression.Concatenation concatenation, Scope scope)
    {
        var texts = concatenation.Operands.Select(part => PythonFormat.Text(context, Evaluate(part, scope))).ToList();
        context.Produce(texts.Sum(text => (long)text.Length));
        return string.Concat(texts);
    }

    private bool EvaluateComparison(Expression.Comparison comparison, Scope scope)
    {
        var left = Evaluate(comparison.First, scope);
        foreach (var (symbol, operand) in comparison.Rest)
        {
            var right = Evaluate(operand, scope);
            context.Line = comparison.Line;
            if (!PythonComparison.Apply(context, symbol, left, right))
                return false;
            left = right;
        }

        return true;
    }

    private object? EvaluateChoice(Expression.Choice choice, Scope scope)
    {
        if (IsTrue(choice.Condition, scope))
            return Evaluate(choice.WhenTrue, scope);
        return choice.WhenFalse is { } otherwise
            ? Evaluate(otherwise, scope)
            : new JinjaUndefined("the inline if-expression evaluated to false and no else section was defined");
    }
}
