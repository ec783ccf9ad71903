using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>Arithmetic operators on values of every kind.</summary>
internal static class Operators
{
    /// <summary>A binary operator.</summary>
    /// <exception cref="ChatTemplateException">The operator does not fit the values.</exception>
    public static object? Apply(RenderContext context, string symbol, object? left, object? right)
    {
        if (PythonNumbers.TryRead(left, out var leftNumber) && PythonNumbers.TryRead(right, out var rightNumber))
            return PythonNumbers.Apply(context, symbol, leftNumber, rightNumber);
        if (left is JinjaUndefined || right is JinjaUndefined)
            throw context.Fail(((left as JinjaUndefined) ?? (JinjaUndefined)right!).Problem); // one of the two is undefined
        return symbol switch
        {
            "+" => Add(context, left, right),
            "*" => Repeat(context, left, right) ?? Repeat(context, right, left),
            _ => null,
        } ?? throw context.Fail($"'{symbol}' is not supported between '{PythonTypes.NameOf(left)}' and '{PythonTypes.NameOf(right)}'");
    }

    private static object? Add(RenderContext context, object? left, object? right)
    {
        switch (left, right)
        {
            case (string first, string second):
                context.Produce((long)first.Length + second.Length);
                return first + second;
            case (List<object?> first, List<object?> second):
                context.Step(first.Count + second.Count);
                return new List<object?>([.. first, .. second]);
            case (JinjaTuple first, JinjaTuple second):
                context.Step(first.Items.Count + second.Items.Count);
                return new JinjaTuple([.. first.Items, .. second.Items]);
            default:
                return null;
        }
    }

    private static object? Repeat(RenderContext context, object? value, object? times)
    {
        if (!PythonNumbers.TryRead(times, out var number) || number.Real is not null)
            return null;
        var count = Math.Clamp(number.Integer, 0, int.MaxValue);
        switch (value)
        {
            case string text:
                context.Produce(text.Length * count);
                return string.Concat(Enumerable.Repeat(text, (int)(text.Length == 0 ? 0 : count)));
            case List<object?> list:
                return Repeat(context, list, count);
            case JinjaTuple tuple:
                return new JinjaTuple(Repeat(context, tuple.Items, count));
            default:
                return null;
        }
    }

    private static List<object?> Repeat(RenderContext context, IReadOnlyList<object?> items, long count)
    {
        context.Step(items.Count * count);
        return items.Count == 0 ? [] : [.. Enumerable.Repeat(items, (int)count).SelectMany(item => item)];
    }
}
