using T5GemmaSharp.Tokenization.Chat.Jinja.Library;
using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary><c>a.b</c>, <c>a[b]</c> and <c>a[b:c]</c>.</summary>
internal static class Lookup
{
    private const int ShownCharacters = 100;

    /// <summary>An attribute: a method first, an item of that name else.</summary>
    public static object? Attribute(RenderContext context, object? target, string name)
    {
        if (TryAttribute(context, target, name, out var value))
            return value;
        return target is JinjaDict dict && dict.TryGet(name, out value) ? value : Missing(target, name);
    }

    /// <summary>An item: an element or key first, an attribute of that name else.</summary>
    public static object? Item(RenderContext context, object? target, object? index)
    {
        if (target is JinjaUndefined undefined)
            throw context.Fail(undefined.Problem);
        index = (index as SafeText)?.Value ?? index;
        if (target is JinjaDict dict && dict.TryGet(index, out var value))
            return value;
        if (index is string key)
        {
            context.Pass(key.Length);
            var name = context.Plain(key);
            return TryAttribute(context, target, name, out value) ? value : Missing(target, name);
        }

        if (target is SafeText)
            throw context.Fail("an index into a text marked as safe is not supported");
        if (index is not (long or bool))
            return Missing(target, null);
        var place = index is long number ? number : (bool)index ? 1 : 0;
        return target is string text ? CharacterAt(context, text, place) : ElementAt(target, place);
    }

    /// <summary>A slice of a text, list, tuple or range.</summary>
    public static object? Slice(RenderContext context, object? target, object? start, object? stop, object? step)
    {
        if (target is JinjaUndefined undefined)
            throw context.Fail(undefined.Problem);
        switch (target)
        {
            case string text:
                return SliceText(context, text, length => PythonSlice.Of(context, start, stop, step, length));
            case List<object?> or JinjaTuple:
                var items = PythonTypes.Sequence(target)!; // both are sequences
                var places = PythonSlice.Of(context, start, stop, step, items.Count);
                context.Step(places.Count);
                List<object?> slice = [.. places.All().Select(place => items[place])];
                return target is JinjaTuple ? new JinjaTuple(slice) : slice;
            default:
                throw context.Fail($"a slice of a {PythonTypes.NameOf(target)} is not supported");
        }
    }

    private static string SliceText(RenderContext context, string text, Func<int, PythonSlice> toPlaces)
    {
        context.Pass(text.Length);
        var starts = CodePoints.AreUnits(text) ? null : CodePoints.Starts(text);
        context.Step(starts?.Length ?? 0);
        var places = toPlaces(starts?.Length - 1 ?? text.Length);
        context.Produce(places.Count);
        if (places.Count == 0)
            return "";
        if (places.Step == 1)
            return text[Start(places.First)..Start(places.First + places.Count)];
        context.Step(places.Count);
        return string.Concat(places.All().Select(place => text[Start(place)..Start(place + 1)]));

        int Start(int place) => starts?[place] ?? place;
    }

    private static bool TryAttribute(RenderContext context, object? target, string name, out object? value)
    {
        switch (target)
        {
            case JinjaUndefined undefined:
                throw context.Fail(undefined.Problem);
            case JinjaNamespace space:
                return space.Attributes.TryGetValue(name, out value);
            case LoopState loop:
                value = name == "cycle" ? new JinjaFunction((_, arguments) => Cycle(context, loop, arguments)) : loop.Attribute(name);
                return true;
            default:
                value = MethodTable.Find(context, target, name);
                return value is not null;
        }
    }

    private static object? Cycle(RenderContext context, LoopState loop, CallArguments arguments)
        => arguments.Positional.Count > 0 && arguments.Named.Count == 0
            ? arguments.Positional[loop.Index % arguments.Positional.Count]
            : throw context.Fail("loop.cycle needs values without names");

    private static JinjaUndefined Missing(object? target, string? name)
    {
        var owner = target is null ? "None" : $"{PythonTypes.NameOf(target)} object";
        var shown = name?[..Math.Min(name.Length, ShownCharacters)];
        return new JinjaUndefined(shown is null ? $"'{owner}' has no such element" : $"'{owner}' has no attribute '{shown}'");
    }

    private static object? ElementAt(object? target, long place)
    {
        if (PythonTypes.Sequence(target) is not { } items)
            return Missing(target, null);
        place += place < 0 ? items.Count : 0;
        return place >= 0 && place < items.Count ? items[(int)place] : Missing(target, null);
    }

    private static object? CharacterAt(RenderContext context, string text, long place)
    {
        context.Pass(text.Length);
        if (CodePoints.AreUnits(text))
        {
            place += place < 0 ? text.Length : 0;
            return place >= 0 && place < text.Length ? text.Substring((int)place, 1) : Missing(text, null);
        }

        var starts = CodePoints.Starts(text);
        context.Step(starts.Length);
        place += place < 0 ? starts.Length - 1 : 0;
        return place >= 0 && place < starts.Length - 1 ? text[starts[place]..starts[place + 1]] : Missing(text, null);
    }
}
