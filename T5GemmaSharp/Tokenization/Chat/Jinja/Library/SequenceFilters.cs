using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Filters for sequences and for missing values.</summary>
internal static class SequenceFilters
{
    public static object? Length(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "length", required: 0);
        return (long)(PythonTypes.Length(context, value) ?? throw context.Fail($"object of type '{PythonTypes.NameOf(value)}' has no len()"));
    }

    public static object? Default(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "default", required: 0, "default_value", "boolean");
        return value is JinjaUndefined || (bound.Truth(1, false) && !PythonTypes.IsTrue(context, value)) ? bound.Value(0, "") : value;
    }

    public static object? First(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "first", required: 0);
        foreach (var item in PythonTypes.Iterate(context, value))
            return item;
        return new JinjaUndefined("No first item, sequence was empty.");
    }

    public static object? Last(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "last", required: 0);
        if (PythonTypes.Sequence(value) is { Count: > 0 } sequence)
            return sequence[sequence.Count - 1];
        var items = Reversed(context, value) ?? throw context.Fail($"'{PythonTypes.NameOf(value)}' object is not reversible");
        return items.Count > 0 ? items[0] : new JinjaUndefined("No last item, sequence was empty.");
    }

    public static object? Reverse(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "reverse", required: 0);
        if (value is string text)
        {
            context.Produce(text.Length);
            context.Step(text.Length);
            return string.Concat(CodePoints.Split(text).Reverse());
        }

        return Reversed(context, value) is { } items ? new JinjaIterator(items) : PythonTypes.Iterate(context, value).Reverse().ToList();
    }

    public static object? List(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "list", required: 0);
        return PythonTypes.Iterate(context, value).ToList();
    }

    public static object? Items(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "items", required: 0);
        return new JinjaIterator(Items(context, value));
    }

    private static IEnumerable<object?> Items(RenderContext context, object? value)
    {
        if (value is JinjaUndefined)
            yield break;
        var dict = value as JinjaDict ?? throw context.Fail($"items: expected a dict, got {PythonTypes.NameOf(value)}");
        foreach (var (key, item) in dict.Items)
            yield return new JinjaTuple([key, item]);
    }

    // Null for values that Python goes through in one direction only.
    private static List<object?>? Reversed(RenderContext context, object? value)
        => value is JinjaIterator or LoopState || PythonTypes.TryIterate(value) is null
            ? null
            : [.. PythonTypes.Iterate(context, value).Reverse()];
}
