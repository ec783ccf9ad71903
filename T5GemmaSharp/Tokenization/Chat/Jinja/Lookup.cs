using T5GemmaSharp.Tokenization.Chat.Jinja.Library;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary><c>a.b</c>, <c>a[b]</c> and <c>a[b:c]</c>.</summary>
internal static class Lookup
{
    private const int CharactersPerStep = 64;

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
        if (target is JinjaDict dict && dict.TryGet(index, out var value))
            return value;
        if (index is string name)
            return TryAttribute(context, target, context.Plain(name), out value) ? value : Missing(target, context.Plain(name));
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
        var (first, last, stride) = (Bound(context, start), Bound(context, stop), Bound(context, step) ?? 1);
        if (stride == 0)
            throw context.Fail("slice step cannot be zero");
        switch (target)
        {
            case string text:
                context.Step(1 + (text.Length / CharactersPerStep));
                var starts = CodePoints.Starts(text);
                var places = Places(first, last, stride, starts.Length - 1);
                context.Produce(places.Count);
                return stride == 1 && places.Count > 0
                    ? text[starts[places[0]]..starts[places[^1] + 1]]
                    : string.Concat(places.Select(place => text[starts[place]..starts[place + 1]]));
            case List<object?> or JinjaTuple:
                var items = PythonTypes.Sequence(target)!; // both are sequences
                List<object?> slice = [.. Places(first, last, stride, items.Count).Select(place => items[place])];
                context.Step(slice.Count);
                return target is JinjaTuple ? new JinjaTuple(slice) : slice;
            default:
                throw context.Fail($"a slice of a {PythonTypes.NameOf(target)} is not supported");
        }
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
        return new JinjaUndefined(name is null ? $"'{owner}' has no such element" : $"'{owner}' has no attribute '{name}'");
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
        context.Step(1 + (text.Length / CharactersPerStep));
        if (text.AsSpan().IndexOfAnyInRange('\uD800', '\uDBFF') < 0)
        {
            place += place < 0 ? text.Length : 0;
            return place >= 0 && place < text.Length ? text.Substring((int)place, 1) : Missing(text, null);
        }

        var starts = CodePoints.Starts(text);
        context.Step(starts.Length);
        place += place < 0 ? starts.Length - 1 : 0;
        return place >= 0 && place < starts.Length - 1 ? text[starts[place]..starts[place + 1]] : Missing(text, null);
    }

    private static long? Bound(RenderContext context, object? value) => value switch
    {
        null => null,
        long integer => integer,
        bool truth => truth ? 1 : 0,
        _ => throw context.Fail($"slice indices must be integers or None, got {PythonTypes.NameOf(value)}"),
    };

    // Python's slice.indices, as the list of the places.
    private static List<int> Places(long? start, long? stop, long step, int count)
    {
        var (low, high) = step > 0 ? (0L, (long)count) : (-1L, count - 1L);
        var first = Clip(start ?? (step > 0 ? low : high), start is null);
        var end = Clip(stop ?? (step > 0 ? high : low), stop is null);
        List<int> places = [];
        for (var place = first; step > 0 ? place < end : place > end; place = SaturatingAdd(place, step))
            places.Add((int)place);
        return places;

        long Clip(long bound, bool isDefault)
            => isDefault ? bound : Math.Clamp(bound < 0 ? bound + count : bound, low, high);
    }

    private static long SaturatingAdd(long left, long right)
        => right > 0 && left > long.MaxValue - right ? long.MaxValue : right < 0 && left < long.MinValue - right ? long.MinValue : left + right;
}
