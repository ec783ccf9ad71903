using System.Text;
using T5GemmaSharp.Tokenization.Chat.Jinja.Python;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>Filters that give a text.</summary>
internal static class TextFilters
{
    private const int MaximumIndent = 1000;

    public static object? Upper(RenderContext context, object? value, CallArguments arguments)
        => PythonCase.Upper(context, Only(context, "upper", value, arguments));

    public static object? Lower(RenderContext context, object? value, CallArguments arguments)
        => PythonCase.Lower(context, Only(context, "lower", value, arguments));

    public static object? Capitalize(RenderContext context, object? value, CallArguments arguments)
        => PythonCase.Capitalize(context, Only(context, "capitalize", value, arguments));

    public static object? Title(RenderContext context, object? value, CallArguments arguments)
        => PythonCase.TitleOfWords(context, Only(context, "title", value, arguments));

    public static object? String(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "string", required: 0);
        return value as SafeText ?? (object)PythonFormat.Text(context, value);
    }

    public static object? Safe(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "safe", required: 0);
        return new SafeText(PythonFormat.Text(context, value));
    }

    public static object? Escape(RenderContext context, object? value, CallArguments arguments)
    {
        arguments.Bind(context, "escape", required: 0);
        if (value is SafeText)
            return value;
        var text = PythonFormat.Text(context, value);
        context.PassSlowly(text.Length);
        context.Produce(text.Length * 5L); // "&#34;" is the longest
        var builder = new StringBuilder();
        foreach (var character in text)
        {
            _ = context.Plain(character) switch
            {
                '&' => builder.Append("&amp;"),
                '<' => builder.Append("&lt;"),
                '>' => builder.Append("&gt;"),
                '\'' => builder.Append("&#39;"),
                '"' => builder.Append("&#34;"),
                _ => builder.Append(character),
            };
        }

        return new SafeText(builder.ToString());
    }

    public static object? Trim(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "trim", required: 0, "chars");
        var characters = bound.Value(0) is null ? null : bound.Text(0);
        return PythonText.Strip(context, Soft(context, "trim", value), characters, left: true, right: true);
    }

    public static object? Replace(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "replace", required: 2, "old", "new", "count");
        var count = bound.Value(2) is null ? -1 : bound.Integer(2, -1);
        return PythonText.Replace(
            context,
            PythonFormat.Text(context, value),
            PythonFormat.Text(context, bound.Value(0)),
            PythonFormat.Text(context, bound.Value(1)),
            count);
    }

    public static object? Join(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "join", required: 0, "d", "attribute");
        var separator = PythonFormat.Text(context, bound.Value(0, ""));
        var items = PythonTypes.Iterate(context, value);
        if (bound.Value(1) is not null)
            items = AttributePath.Of(context, bound.Value(1)).ReadAll(items);
        return Join(context, separator, items.Select(item => PythonFormat.Text(context, item)));
    }

    /// <summary>Texts with a separator between them.</summary>
    public static string Join(RenderContext context, string separator, IEnumerable<string> texts)
    {
        var builder = new StringBuilder();
        var isFirst = true;
        foreach (var text in texts)
        {
            context.CheckLength(builder.Length + (long)separator.Length + text.Length);
            if (!isFirst)
                builder.Append(separator);
            isFirst = false;
            builder.Append(text);
        }

        context.Produce(builder.Length);
        return builder.ToString();
    }

    public static object? Indent(RenderContext context, object? value, CallArguments arguments)
    {
        var bound = arguments.Bind(context, "indent", required: 0, "width", "first", "blank");
        var indent = bound.Value(0) as string ?? Spaces(context, "indent", bound.Integer(0, 4));
        if (value is not string text)
            throw context.Fail($"indent: expected a text, got {PythonTypes.NameOf(value)}");
        var indentsBlank = bound.Truth(2, false);
        var lines = PythonText.SplitLines(context, $"{text}\n");
        var indented = lines.Select((line, index) => index > 0 && (indentsBlank || line.Length > 0) ? indent + line : line);
        context.Produce(text.Length + ((long)indent.Length * (lines.Count + 1)));
        return (bound.Truth(1, false) ? indent : "") + string.Join('\n', indented);
    }

    /// <summary>So many spaces.</summary>
    /// <exception cref="ChatTemplateException">There are too many.</exception>
    public static string Spaces(RenderContext context, string function, long count)
        => count <= MaximumIndent
            ? new string(' ', (int)Math.Max(0, count))
            : throw context.Fail($"{function}: an indent of more than {MaximumIndent} is not supported");

    private static string Only(RenderContext context, string filter, object? value, CallArguments arguments)
    {
        arguments.Bind(context, filter, required: 0);
        return Soft(context, filter, value);
    }

    // A safe text stays one through these filters, and would then escape what is added to it.
    private static string Soft(RenderContext context, string filter, object? value)
        => value is SafeText ? throw context.Fail($"the filter '{filter}' of a text marked as safe is not supported") : PythonFormat.Text(context, value);
}
