using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>The functions that every template has.</summary>
internal static class Globals
{
    private const int MaximumRange = 100_000; // the sandbox's

    private static readonly Dictionary<string, JinjaFunction> Functions = new(StringComparer.Ordinal)
    {
        ["dict"] = new JinjaFunction(Dict),
        ["namespace"] = new JinjaFunction(Namespace),
        ["raise_exception"] = new JinjaFunction(RaiseException),
        ["range"] = new JinjaFunction(Range),
        ["strftime_now"] = new JinjaFunction(FormatNow),
    };

    /// <summary>A function; null when there is none of this name.</summary>
    public static JinjaFunction? Find(string name) => Functions.GetValueOrDefault(name);

    private static object? RaiseException(RenderContext context, CallArguments arguments)
        => throw context.Raise(PythonFormat.Text(context, arguments.Bind(context, "raise_exception", required: 1, "message").Value(0)));

    private static string FormatNow(RenderContext context, CallArguments arguments)
    {
        var format = arguments.Bind(context, "strftime_now", required: 1, "format").Text(0);
        return PythonTime.Format(context, context.Clock.GetLocalNow(), context.Plain(format));
    }

    private static JinjaRange Range(RenderContext context, CallArguments arguments)
    {
        if (arguments.Named.Count > 0)
            throw context.Fail("range takes no arguments with names");
        var bound = arguments.Bind(context, "range", required: 1, "start", "stop", "step");
        var start = bound.Has(1) ? bound.Integer(0, 0) : 0;
        var stop = bound.Integer(bound.Has(1) ? 1 : 0, 0);
        var step = bound.Integer(2, 1);
        if (step == 0)
            throw context.Fail("range: the step is 0");
        var distance = step > 0 ? (Int128)stop - start : (Int128)start - stop;
        var stride = step > 0 ? step : -(Int128)step;
        var count = distance <= 0 ? 0 : (distance + stride - 1) / stride;
        return count <= MaximumRange
            ? new JinjaRange(start, step, (int)count)
            : throw context.Fail($"a range of more than {MaximumRange} numbers is not supported");
    }

    private static JinjaNamespace Namespace(RenderContext context, CallArguments arguments)
    {
        var space = new JinjaNamespace();
        foreach (var (key, value) in Dict(context, arguments).Items)
            space.Attributes[key as string ?? throw context.Fail("namespace: expected texts as names")] = value;
        return space;
    }

    private static JinjaDict Dict(RenderContext context, CallArguments arguments)
    {
        if (arguments.Positional.Count > 1)
            throw context.Fail("dict takes one argument without a name at most");
        var dict = new JinjaDict(context);
        if (arguments.Positional is [JinjaDict source])
        {
            foreach (var (key, value) in source.Items)
                dict.Set(key, value);
        }
        else if (arguments.Positional is [var pairs])
        {
            foreach (var pair in PythonTypes.Iterate(context, pairs))
            {
                if (PythonTypes.Sequence(pair) is not [var key, var value])
                    throw context.Fail("dict: expected pairs of key and value");
                dict.Set(key, value);
            }
        }

        foreach (var (name, value) in arguments.Named)
            dict.Set(name, value);
        context.Step(dict.Count);
        return dict;
    }
}
