using System.Collections;
using System.Globalization;
using System.Text.Json;
using T5GemmaSharp.Tokenization.Chat.Jinja.Values;

namespace T5GemmaSharp.Tokenization.Chat.Jinja;

/// <summary>Turns the caller's values into those of a template.</summary>
internal static class VariableConverter
{
    private const int MaximumDepth = 100;

    /// <summary>A value as templates see it.</summary>
    /// <param name="context">The render under way.</param>
    /// <param name="value">The caller's value.</param>
    /// <param name="path">Where it stands, for messages.</param>
    /// <param name="depth">How deep it stands.</param>
    /// <exception cref="ArgumentException">The value is of a type that templates do not have, or nests too deep.</exception>
    public static object? Convert(RenderContext context, object? value, string path, int depth = 0)
    {
        context.Step();
        if (depth > MaximumDepth)
            throw new ArgumentException($"variables: {path}: expected at most {MaximumDepth} levels of lists and dictionaries");
        switch (value)
        {
            case null or bool or long or double or string:
                return value;
            case sbyte or byte or short or ushort or int or uint:
                return System.Convert.ToInt64(value, CultureInfo.InvariantCulture);
            case ulong large:
                return large <= long.MaxValue ? (long)large : throw new ArgumentException($"variables: {path}: expected an integer of 64 bits, got {large}");
            case float real:
                return (double)real;
            case JsonElement element:
                return ConvertJson(context, element, path, depth);
            case IReadOnlyDictionary<string, object?> dictionary:
                return ConvertDict(context, dictionary.Select(item => (item.Key, item.Value)), path, depth);
            case IDictionary dictionary:
                return ConvertDict(context, Entries(dictionary, path), path, depth);
            case IEnumerable items:
                return items.Cast<object?>().Select((item, index) => Convert(context, item, $"{path}[{index}]", depth + 1)).ToList();
            default:
                throw new ArgumentException($"variables: {path}: expected a text, a truth value, a number, null, a list or a dictionary with texts as keys, got {value.GetType()}");
        }
    }

    private static JinjaDict ConvertDict(RenderContext context, IEnumerable<(string Name, object? Value)> items, string path, int depth)
    {
        var dict = new JinjaDict(context);
        foreach (var (name, value) in items)
            dict.Set(name, Convert(context, value, $"{path}.{name}", depth + 1));
        return dict;
    }

    private static object? ConvertJson(RenderContext context, JsonElement element, string path, int depth) => element.ValueKind switch
    {
        JsonValueKind.Object => ConvertDict(context, element.EnumerateObject().Select(item => (item.Name, (object?)item.Value)), path, depth),
        JsonValueKind.Array => element.EnumerateArray().Select((item, index) => Convert(context, item, $"{path}[{index}]", depth + 1)).ToList(),
        JsonValueKind.String => element.GetString(),
        JsonValueKind.Number => element.TryGetInt64(out var integer) ? (object)integer : element.GetDouble(),
        JsonValueKind.True => true,
        JsonValueKind.False => false,
        _ => null,
    };

    private static IEnumerable<(string Name, object? Value)> Entries(IDictionary dictionary, string path)
    {
        // As a sequence, a generic dictionary gives pairs of another type.
        var entries = dictionary.GetEnumerator();
        while (entries.MoveNext())
            yield return (entries.Key as string ?? throw new ArgumentException($"variables: {path}: expected texts as keys, got {entries.Key.GetType()}"), entries.Value);
    }
}
