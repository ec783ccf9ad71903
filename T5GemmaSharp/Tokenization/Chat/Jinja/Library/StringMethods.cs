using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Methods of strings.</summary>
internal static class StringMethods
{
    private static readonly Dictionary<string, Func<RenderContext, string, CallArguments, object?>> Methods = new(StringComparer.Ordinal)
    {
        ["capitalize"] = Plain(PythonCase.Capitalize),
        ["count"] = Count,
        ["endswith"] = (context, text, arguments) => HasEdge(context, text, arguments, atEnd: true),
        ["find"] = (context, text, arguments) => Find(context, text, arguments, fromEnd: false),
        ["join"] = Join,
        ["lower"] = Plain(PythonCase.Lower),
        ["lstrip"] = (context, text, arguments) => Strip(context, text, arguments, left: true, right: false),
        ["removeprefix"] = (context, text, arguments) => Remove(context, text, arguments, atEnd: false),
        ["removesuffix"] = (context, text, arguments) => Remove(context, text, arguments, atEnd: true),
        ["replace"] = Replace,
        ["rfind"] = (context, text, arguments) => Find(context, text, arguments, fromEnd: true),
        ["rsplit"] = (context, text, arguments) => Split(context, text, arguments, fromEnd: true),
        ["rstrip"] = (context, text, arguments) => Strip(context, text, arguments, left: false, right: true),
        ["split"] = (context, text, arguments) => Split(context, text, arguments, fromEnd: false),
        ["splitlines"] = SplitLines,
        ["startswith"] = (context, text, arguments) => HasEdge(context, text, arguments, atEnd: false),
        ["strip"] = (context, text, arguments) => Strip(context, text, arguments, left: true, right: true),
        ["title"] = Plain(PythonCase.Title),
        ["upper"] = Plain(PythonCase.Upper),
    };

    /// <summary>A method; null when there is none of this name.</summary>
    public static JinjaFunction? Find(string text, string name)
        => Methods.TryGetValue(name, out var method) ? new JinjaFunction((context, arguments) => method(context, text, arguments)) : null;

    private static Func<RenderContext, string, CallArguments, object?> Plain(Func<RenderContext, string, string> method)
        => (context, text, arguments) =>
        {
            arguments.Bind(context, "the method", required: 0);
            return method(context, text);
        };

    // Python takes these arguments by place only.
    private static BoundArguments Bind(RenderContext context, string method, CallArguments arguments, int required, int count)
    {
        if (arguments.Named.Count > 0)
            throw context.Fail($"{method} takes no arguments with names");
        return arguments.Bind(context, method, required, [.. Enumerable.Range(1, count).Select(place => $"argument {place}")]);
    }

    private static string Strip(RenderContext context, string text, CallArguments arguments, bool left, bool right)
    {
        var bound = Bind(context, "strip", arguments, required: 0, count: 1);
        return PythonText.Strip(context, text, bound.Value(0) is null ? null : bound.Text(0), left, right);
    }

    private static List<object?> Split(RenderContext context, string text, CallArguments arguments, bool fromEnd)
    {
        var bound = arguments.Bind(context, "split", required: 0, "sep", "maxsplit");
        var maximum = bound.Integer(1, -1);
        if (bound.Value(0) is not null)
            return PythonText.Split(context, text, bound.Text(0), maximum, fromEnd);
        return fromEnd ? throw context.Fail("rsplit without a separator is not supported") : PythonText.SplitAtSpaces(context, text, maximum);
    }

    private static List<object?> SplitLines(RenderContext context, string text, CallArguments arguments)
    {
        arguments.Bind(context, "splitlines", required: 0);
        return [.. PythonText.SplitLines(context, text)];
    }

    private static string Replace(RenderContext context, string text, CallArguments arguments)
    {
        var bound = Bind(context, "replace", arguments, required: 2, count: 3);
        return PythonText.Replace(context, text, bound.Text(0), bound.Text(1), bound.Integer(2, -1));
    }

    private static string Join(RenderContext context, string text, CallArguments arguments)
    {
        var items = PythonTypes.Iterate(context, Bind(context, "join", arguments, required: 1, count: 1).Value(0));
        return TextFilters.Join(context, text, items.Select(item => item as string
            ?? throw context.Fail($"join: expected texts, got {PythonTypes.NameOf(item)}")));
    }

    private static bool HasEdge(RenderContext context, string text, CallArguments arguments, bool atEnd)
    {
        var bound = Bind(context, atEnd ? "endswith" : "startswith", arguments, required: 1, count: 1);
        return bound.Value(0) is JinjaTuple parts
            ? parts.Items.Any(part => PythonText.HasEdge(context, text, Text(context, part), atEnd))
            : PythonText.HasEdge(context, text, bound.Text(0), atEnd);
    }

    private static string Remove(RenderContext context, string text, CallArguments arguments, bool atEnd)
    {
        var part = Bind(context, "removeprefix", arguments, required: 1, count: 1).Text(0);
        if (!PythonText.HasEdge(context, text, part, atEnd))
            return text;
        context.Produce(text.Length);
        return atEnd ? text[..^part.Length] : text[part.Length..];
    }

    private static long Find(RenderContext context, string text, CallArguments arguments, bool fromEnd)
    {
        var part = context.Plain(Bind(context, "find", arguments, required: 1, count: 1).Text(0));
        var plain = context.Plain(text);
        return PythonText.Find(context, plain, part, fromEnd ? plain.Length : 0, fromEnd) is { } found ? (long)CodePoints.Count(plain[..found]) : -1L;
    }

    private static object? Count(RenderContext context, string text, CallArguments arguments)
    {
        var part = Bind(context, "count", arguments, required: 1, count: 1).Text(0);
        return part.Length == 0
            ? CodePoints.Count(text) + 1L
            : PythonText.Split(context, text, part, maximum: -1, fromEnd: false).Count - 1L;
    }

    private static string Text(RenderContext context, object? value)
        => value as string ?? throw context.Fail($"expected a text, got {PythonTypes.NameOf(value)}");
}
