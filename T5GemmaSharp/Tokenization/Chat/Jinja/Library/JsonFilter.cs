using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>The filter <c>tojson</c>, as transformers replaces Jinja's: no characters are escaped for HTML.</summary>
internal static class JsonFilter
{
    public static object? ToJson(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "tojson", required: 0, "ensure_ascii", "indent", "separators", "sort_keys");
        var indent = bound.Value(1) switch
        {
            null => null,
            string text => text,
            _ => TextFilters.Spaces(context, "tojson", bound.Integer(1, 0)),
        };
        var (itemSeparator, keySeparator) = Separators(context, bound.Value(2), indent is not null);
        var format = new JsonFormat(indent, itemSeparator, keySeparator, bound.Truth(0, false), bound.Truth(3, false));
        return PythonJson.Write(context, format, value);
    }

    private static (string Item, string Key) Separators(RenderContext context, object? value, bool isIndented)
    {
        if (value is null)
            return (isIndented ? "," : ", ", ": ");
        if (PythonTypes.Sequence(value) is [string item, string key])
            return (item, key);
        throw context.Fail("tojson: expected two texts as separators");
    }
}
