using System.Globalization;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja.Library;

/// <summary>The argument <c>attribute</c> of filters: names and numbers with dots between them.</summary>
internal sealed class AttributePath
{
    private readonly RenderContext _context;
    private readonly List<object?> _parts;

    private AttributePath(RenderContext context, List<object?> parts)
    {
        _context = context;
        _parts = parts;
    }

    /// <summary>The path that a value describes; null is the empty path, which gives the value itself.</summary>
    public static AttributePath Of(RenderContext context, object? path)
    {
        if (((path as SafeText)?.Value ?? path) is not string text)
            return new AttributePath(context, path is null ? [] : [path]);
        context.Step(text.Length);
        return new AttributePath(context, [.. context.Plain(text).Split('.').Select(ToKey)]);
    }

    /// <summary>What lies at the path.</summary>
    public object? Read(object? item) => Read(item, defaultValue: null);

    /// <summary>What lies at the path in each element.</summary>
    public IEnumerable<object?> ReadAll(IEnumerable<object?> items) => items.Select(item => Read(item));

    /// <summary>What lies at the path; the default, unless that is null, where something is undefined.</summary>
    public object? Read(object? item, object? defaultValue)
    {
        foreach (var part in _parts)
        {
            item = Lookup.Item(_context, item, part);
            if (defaultValue is not null && item is JinjaUndefined)
                item = defaultValue;
        }

        return item;
    }

    private static object ToKey(string part)
        => part.Length > 0 && part.All(char.IsAsciiDigit) && long.TryParse(part, CultureInfo.InvariantCulture, out var number) ? number : part;
}
