using System.Diagnostics.CodeAnalysis;
using System.Text.Json;

namespace T5GemmaSharp.Tokenization.Formats;

/// <summary>A JSON value that knows its file and path, so that every complaint names them.</summary>
/// <param name="file">The file's name, for messages.</param>
/// <param name="path">The value's path, or its parent's when <paramref name="index"/> or <paramref name="key"/> is given.</param>
/// <param name="value">The value.</param>
/// <param name="index">Place in the parent array; null when the parent is none.</param>
/// <param name="key">Key in a parent object that is a dictionary; null when it is none.</param>
internal readonly struct JsonField(string file, string path, JsonElement value, int? index = null, string? key = null)
{
    // Put together only when somebody complains: a vocabulary has hundreds of thousands of fields.
    private string Path => index is { } place ? $"{path}[{place}]" : key is null ? path : $"{path}[{JsonSerializer.Serialize(key)}]";

    /// <summary>The value's JSON type.</summary>
    public JsonValueKind Kind => value.ValueKind;

    /// <summary>A property; null when it is missing or JSON null.</summary>
    public JsonField? Find(string name)
    {
        if (Kind != JsonValueKind.Object)
            Reject("an object");
        return value.TryGetProperty(name, out var child) && child.ValueKind != JsonValueKind.Null
            ? new JsonField(file, Join(name), child)
            : null;
    }

    /// <summary>A property that must be there.</summary>
    public JsonField Get(string name)
        => Find(name) ?? throw new TokenizerFormatException(file, Join(name), "expected a value, it is missing or null");

    /// <summary>The elements of an array.</summary>
    public IEnumerable<JsonField> Items()
    {
        if (Kind != JsonValueKind.Array)
            Reject("an array");
        var (owner, parent) = (file, Path);
        return value.EnumerateArray().Select((item, place) => new JsonField(owner, parent, item, index: place));
    }

    /// <summary>The properties of an object.</summary>
    public IEnumerable<(string Name, JsonField Value)> Properties()
    {
        if (Kind != JsonValueKind.Object)
            Reject("an object");
        var (owner, parent) = (file, Path);
        return value.EnumerateObject().Select(property => (property.Name, new JsonField(owner, parent, property.Value, key: property.Name)));
    }

    /// <summary>The value as text.</summary>
    public string String()
    {
        if (Kind != JsonValueKind.String)
            Reject("a string");
        return value.GetString()!; // a JSON string is never null
    }

    /// <summary>The value as a truth value.</summary>
    public bool Boolean()
    {
        if (Kind is not (JsonValueKind.True or JsonValueKind.False))
            Reject("true or false");
        return value.GetBoolean();
    }

    /// <summary>The value as an integer of a range, both ends included.</summary>
    public int Integer(int minimum, int maximum)
    {
        if (Kind != JsonValueKind.Number || !value.TryGetInt32(out var number) || number < minimum || number > maximum)
            Reject($"an integer from {minimum} to {maximum}");
        return value.GetInt32();
    }

    /// <summary>The value as a number.</summary>
    public double Number()
    {
        if (Kind != JsonValueKind.Number)
            Reject("a number");
        return value.GetDouble();
    }

    /// <summary>Demands a text.</summary>
    public void Expect(string expected)
    {
        if (Kind != JsonValueKind.String || value.GetString() != expected)
            Reject(JsonSerializer.Serialize(expected));
    }

    /// <summary>Demands a truth value.</summary>
    public void Expect(bool expected)
    {
        if (Kind != (expected ? JsonValueKind.True : JsonValueKind.False))
            Reject(expected ? "true" : "false");
    }

    /// <summary>Throws, saying what was expected and what is there.</summary>
    [DoesNotReturn]
    public void Reject(string expected)
    {
        throw new TokenizerFormatException(file, Path, $"expected {expected}, got {Shorten(value.GetRawText())}");
    }

    /// <summary>The beginning of a text that may be long, for messages.</summary>
    public static string Shorten(string text) => text.Length > 80 ? text[..80] + "..." : text;

    private string Join(string name) => Path is { Length: > 0 } parent ? $"{parent}.{name}" : name;
}
