using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Python;

/// <summary>What Python knows of every value: its type's name, its truth, its length.</summary>
internal static class PythonTypes
{
    /// <summary>Python's name of the type.</summary>
    public static string NameOf(object? value) => value switch
    {
        null => "NoneType",
        bool => "bool",
        long => "int",
        double => "float",
        string => "str",
        SafeText => "Markup",
        List<object?> => "list",
        JinjaTuple => "tuple",
        JinjaDict => "dict",
        JinjaRange => "range",
        JinjaIterator => "generator",
        JinjaNamespace => "Namespace",
        JinjaUndefined => "Undefined",
        DictView view => view.Kind,
        LoopState => "LoopContext",
        _ => "function",
    };

    /// <summary>Whether a value counts as true.</summary>
    public static bool IsTrue(RenderContext context, object? value) => value switch
    {
        null or JinjaUndefined => false,
        bool truth => truth,
        long integer => integer != 0,
        double real => real != 0,
        string text => text.Length > 0,
        _ => Length(context, value) is not 0,
    };

    /// <summary>Number of elements; null for a value without a length.</summary>
    public static int? Length(RenderContext context, object? value) => value switch
    {
        string text => TextLength(context, text),
        SafeText text => TextLength(context, text.Value),
        List<object?> list => list.Count,
        JinjaTuple tuple => tuple.Items.Count,
        JinjaDict dict => dict.Count,
        DictView view => view.Items.Count,
        JinjaRange range => range.Count,
        LoopState loop => loop.Length(),
        JinjaUndefined => 0,
        _ => null,
    };

    /// <summary>The elements of a list, a tuple or a range by their place; null for other values.</summary>
    public static IReadOnlyList<object?>? Sequence(object? value) => value switch
    {
        List<object?> list => list,
        JinjaTuple tuple => tuple.Items,
        JinjaRange range => range,
        _ => null,
    };

    /// <summary>Whether a value has elements to go through.</summary>
    public static bool IsIterable(object? value) => value is JinjaIterator || TryIterate(value) is not null;

    /// <summary>The elements of a value; null when it has none to go through.</summary>
    public static IEnumerable<object?>? TryIterate(object? value) => value switch
    {
        string text => CodePoints.Split(text),
        List<object?> list => list,
        JinjaTuple tuple => tuple.Items,
        JinjaDict dict => dict.Keys,
        DictView view => view.Items,
        JinjaRange range => range,
        JinjaIterator iterator => iterator.Take(),
        JinjaUndefined => [],
        _ => null,
    };

    /// <summary>The elements of a value.</summary>
    /// <exception cref="ChatTemplateException">It has none to go through.</exception>
    public static IEnumerable<object?> Iterate(RenderContext context, object? value)
        => (TryIterate(value) ?? throw context.Fail($"'{NameOf(value)}' object is not iterable")).Select(item =>
        {
            context.Step();
            return item;
        });

    private static int TextLength(RenderContext context, string text)
    {
        context.Pass(text.Length);
        return CodePoints.Count(text);
    }
}
