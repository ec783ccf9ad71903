using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Filters that apply another filter or a test to each element.</summary>
internal static class SelectionFilters
{
    public static object? Map(RenderContext context, object? value, CallArguments arguments)
        => new JinjaIterator(Lazily(context, value, () => Mapping(context, arguments)));

    public static object? Select(RenderContext context, object? value, CallArguments arguments)
        => Selection(context, value, arguments, keeps: true, byAttribute: false);

    public static object? Reject(RenderContext context, object? value, CallArguments arguments)
        => Selection(context, value, arguments, keeps: false, byAttribute: false);

    public static object? SelectAttribute(RenderContext context, object? value, CallArguments arguments)
        => Selection(context, value, arguments, keeps: true, byAttribute: true);

    public static object? RejectAttribute(RenderContext context, object? value, CallArguments arguments)
        => Selection(context, value, arguments, keeps: false, byAttribute: true);

    private static JinjaIterator Selection(RenderContext context, object? value, CallArguments arguments, bool keeps, bool byAttribute)
    {
        return new JinjaIterator(Lazily(context, value, () =>
        {
            var isChosen = Condition(context, arguments, byAttribute);
            return items => items.Where(item => isChosen(item) == keeps);
        }));
    }

    // Python's generators do nothing, not even look at their arguments, before their first element is wanted.
    private static IEnumerable<object?> Lazily(RenderContext context, object? value, Func<Func<IEnumerable<object?>, IEnumerable<object?>>> prepare)
    {
        if (!PythonTypes.IsTrue(context, value))
            yield break;
        foreach (var item in prepare()(PythonTypes.Iterate(context, value)))
            yield return item;
    }

    private static Func<IEnumerable<object?>, IEnumerable<object?>> Mapping(RenderContext context, CallArguments arguments)
    {
        if (arguments.Positional.Count == 0 && arguments.Named.Any(argument => argument.Name == "attribute"))
        {
            var bound = arguments.Bind(context, "map", required: 1, "attribute", "default");
            var path = AttributePath.Of(context, bound.Value(0));
            return items => items.Select(item => path.Read(item, bound.Value(1)));
        }

        var name = Name(context, "map", arguments, place: 0);
        var filter = FilterTable.Find(name) ?? throw context.Fail($"the filter '{name}' is not supported");
        var rest = arguments.Skip(1);
        return items => items.Select(item => filter(context, item, rest));
    }

    private static Func<object?, bool> Condition(RenderContext context, CallArguments arguments, bool byAttribute)
    {
        var place = byAttribute ? 1 : 0;
        if (arguments.Positional.Count < place)
            throw context.Fail("the name of an attribute is missing");
        var path = AttributePath.Of(context, byAttribute ? arguments.Positional[0] : null);
        if (arguments.Positional.Count == place)
            return item => PythonTypes.IsTrue(context, path.Read(item));

        var name = Name(context, "select", arguments, place);
        var test = TestTable.Find(name) ?? throw context.Fail($"the test '{name}' is not supported");
        var rest = arguments.Skip(place + 1);
        return item => test(context, path.Read(item), rest);
    }

    private static string Name(RenderContext context, string filter, CallArguments arguments, int place)
        => arguments.Positional.ElementAtOrDefault(place) is string name ? context.Plain(name) : throw context.Fail($"{filter}: expected a name");
}
