using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Filters that compare elements.</summary>
internal static class OrderFilters
{
    public static object? Sort(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "sort", required: 0, "reverse", "case_sensitive", "attribute");
        var paths = bound.Value(2) is string text
            ? context.Plain(text).Split(',').Select(part => AttributePath.Of(context, part)).ToList()
            : [AttributePath.Of(context, bound.Value(2))];
        var ignoresCase = !bound.Truth(1, false);
        return Sort(
            context,
            PythonTypes.Iterate(context, value),
            item => paths.ConvertAll(path => Key(context, path.Read(item), ignoresCase)),
            bound.Truth(0, false));
    }

    public static object? DictSort(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "dictsort", required: 0, "case_sensitive", "by", "reverse");
        if (value is not JinjaDict dict)
            throw context.Fail($"dictsort: expected a dict, got {PythonTypes.NameOf(value)}");
        var ignoresCase = !bound.Truth(0, false);
        var place = bound.Text(1, "key") switch
        {
            "key" => 0,
            "value" => 1,
            var other => throw context.Fail($"dictsort: expected \"key\" or \"value\", got \"{other}\""),
        };
        var items = dict.Items.Select(item => (object?)new JinjaTuple([item.Key, item.Value]));
        return Sort(context, items, item => Key(context, ((JinjaTuple)item!).Items[place], ignoresCase), bound.Truth(2, false)); // made above
    }

    public static object? Min(RenderContext context, object? value, CallArguments arguments)
        => Best(context, "min", value, arguments, (candidate, best) => PythonComparison.IsLess(context, candidate, best));

    public static object? Max(RenderContext context, object? value, CallArguments arguments)
        => Best(context, "max", value, arguments, (candidate, best) => PythonComparison.IsLess(context, best, candidate));

    public static object? Unique(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "unique", required: 0, "case_sensitive", "attribute");
        return new JinjaIterator(Unique(context, value, AttributePath.Of(context, bound.Value(1)), ignoresCase: !bound.Truth(0, false)));
    }

    private static IEnumerable<object?> Unique(RenderContext context, object? value, AttributePath path, bool ignoresCase)
    {
        var seen = new JinjaDict(context);
        foreach (var item in PythonTypes.Iterate(context, value))
        {
            var key = Key(context, path.Read(item), ignoresCase);
            if (seen.TryGet(key, out _))
                continue;
            seen.Set(key, null);
            yield return item;
        }
    }

    private static object? Best(RenderContext context, string filter, object? value, CallArguments arguments, Func<object?, object?, bool> isBetter)
    {
        var bound = arguments.Bind(context, filter, required: 0, "case_sensitive", "attribute");
        var path = AttributePath.Of(context, bound.Value(1));
        var ignoresCase = !bound.Truth(0, false);
        object? best = new JinjaUndefined("No aggregated item, sequence was empty.");
        object? bestKey = null;
        var isFirst = true;
        foreach (var item in PythonTypes.Iterate(context, value))
        {
            var key = Key(context, path.Read(item), ignoresCase);
            if (isFirst || isBetter(key, bestKey))
                (best, bestKey) = (item, key);
            isFirst = false;
        }

        return best;
    }

    // A reversed sort keeps the order of equals too: it is the sort of the reversed list, reversed.
    private static List<object?> Sort(RenderContext context, IEnumerable<object?> items, Func<object?, object?> toKey, bool isReversed)
    {
        List<(object? Key, object? Item)> keyed = [.. items.Select(item => (toKey(item), item))];
        if (isReversed)
            keyed.Reverse();
        var sorted = StableSort.Sort(keyed, (left, right) => PythonComparison.IsLess(context, left.Key, right.Key));
        if (isReversed)
            sorted.Reverse();
        return sorted.ConvertAll(pair => pair.Item);
    }

    private static object? Key(RenderContext context, object? value, bool ignoresCase)
        => ignoresCase && value is string text ? PythonCase.Lower(context, text) : value;
}
