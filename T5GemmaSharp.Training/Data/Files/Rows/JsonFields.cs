using System.Text.Json;
using T5GemmaSharp.Training.Tokenization;

namespace T5GemmaSharp.Training.Data.Files.Rows;

/// <summary>Reads values of a row of JSON; a fault names the key, what was expected and what is there.</summary>
internal static class JsonFields
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false };

    /// <summary>Reads a line.</summary>
    /// <exception cref="FormatException">It is not UTF-8, not JSON, or has a key twice.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> line)
    {
        if (!System.Text.Unicode.Utf8.IsValid(line.Span))
            StrictUtf8.GetString(line.Span); // names the place
        try
        {
            return JsonDocument.Parse(line, Strict);
        }
        catch (JsonException exception)
        {
            throw new FormatException($"expected JSON: {exception.Message}", exception);
        }
    }

    /// <summary>A string.</summary>
    /// <exception cref="FormatException">The value is something else, or half of a surrogate pair is missing.</exception>
    public static string Text(JsonElement element, string name)
    {
        Demand(element, JsonValueKind.String, name, "a string");
        try
        {
            return element.GetString()!; // a string is not null
        }
        catch (InvalidOperationException exception)
        {
            throw new FormatException($"{name}: expected valid Unicode: {exception.Message}", exception);
        }
    }

    /// <summary>A string that is not empty.</summary>
    /// <exception cref="FormatException">The value is something else.</exception>
    public static string NonEmptyText(JsonElement element, string name)
        => Text(element, name) is { Length: > 0 } text ? text : throw new FormatException($"{name}: expected a text, got an empty one");

    /// <summary>A string that is a member of an object.</summary>
    /// <exception cref="FormatException">There is none, or it is something else.</exception>
    public static string TextMember(JsonElement owner, string name, string key)
        => owner.TryGetProperty(key, out var value) ? Text(value, $"{name}.{key}") : throw new FormatException($"{name}.{key}: expected a string, there is none");

    /// <summary>Looks for a key. One with dots that is not there as it stands leads into objects.</summary>
    public static bool TryFind(JsonElement row, string key, out JsonElement value)
    {
        if (row.TryGetProperty(key, out value))
            return true;
        var cut = key.IndexOf('.', StringComparison.Ordinal);
        return cut > 0 && row.TryGetProperty(key[..cut], out var owner) && owner.ValueKind == JsonValueKind.Object && TryFind(owner, key[(cut + 1)..], out value);
    }

    /// <summary>The value of a key.</summary>
    /// <exception cref="FormatException">There is no such key.</exception>
    public static JsonElement Require(JsonElement row, string key)
        => TryFind(row, key, out var value) ? value : throw MissingKeys(row, $"the key {key}");

    /// <summary>The fault of a row without the keys of its task.</summary>
    public static FormatException MissingKeys(JsonElement row, string expected)
    {
        var keys = string.Join(", ", row.EnumerateObject().Select(property => property.Name));
        return new FormatException($"expected {expected}, got {(keys.Length == 0 ? "no key" : $"the keys {keys}")}; --map names other keys");
    }

    /// <summary>Refuses a value of another kind.</summary>
    /// <exception cref="FormatException">The value is of another kind.</exception>
    public static void Demand(JsonElement element, JsonValueKind kind, string name, string expected)
    {
        if (element.ValueKind != kind)
            throw new FormatException($"{name}: expected {expected}, got {Named(element.ValueKind)}");
    }

    /// <summary>A kind of value, for messages.</summary>
    public static string Named(JsonValueKind kind) => kind switch
    {
        JsonValueKind.True or JsonValueKind.False => "a boolean",
        JsonValueKind.Null => "null",
        JsonValueKind.Array => "an array",
        JsonValueKind.Object => "an object",
        _ => $"a {kind.ToString().ToLowerInvariant()}",
    };
}
