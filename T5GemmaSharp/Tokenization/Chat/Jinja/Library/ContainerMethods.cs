using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Methods of dicts, lists and tuples.</summary>
internal static class ContainerMethods
{
    /// <summary>A method of a dict; null when there is none of this name.</summary>
    public static JinjaFunction? Find(JinjaDict dict, string name) => name switch
    {
        "get" => new((context, arguments) => Get(context, dict, arguments)),
        "items" => View("dict_items", () => dict.Items.Select(item => (object?)new JinjaTuple([item.Key, item.Value]))),
        "keys" => View("dict_keys", () => dict.Keys),
        "values" => View("dict_values", () => dict.Values),
        _ => null,
    };

    /// <summary>A method of a list or tuple; null when there is none of this name.</summary>
    public static JinjaFunction? Find(IReadOnlyList<object?> items, string name) => name switch
    {
        "count" => new((context, arguments) => (long)Places(context, items, arguments.Bind(context, "count", required: 1, "value").Value(0)).Count()),
        "index" => new((context, arguments) => Index(context, items, arguments)),
        _ => null,
    };

    private static object? Get(RenderContext context, JinjaDict dict, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "get", required: 1, "key", "default");
        return dict.Contains(bound.Value(0)) && dict.TryGet(bound.Value(0), out var value) ? value : bound.Value(1);
    }

    private static JinjaFunction View(string kind, Func<IEnumerable<object?>> items) => new((context, arguments) =>
    {
        arguments.Bind(context, kind, required: 0);
        List<object?> list = [.. items()];
        context.Step(list.Count);
        return new DictView(kind, list);
    });

    private static long Index(RenderContext context, IReadOnlyList<object?> items, CallArguments arguments)
    {
        var value = arguments.Bind(context, "index", required: 1, "value").Value(0);
        foreach (var place in Places(context, items, value))
            return place;
        throw context.Fail("index: the value is not in the list");
    }

    private static IEnumerable<long> Places(RenderContext context, IReadOnlyList<object?> items, object? value)
        => Enumerable.Range(0, items.Count).Where(place => PythonComparison.AreEqual(context, items[place], value)).Select(place => (long)place);
}
