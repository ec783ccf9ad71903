using System.Text.Json;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>A part of a schema and where it stands.</summary>
/// <param name="Element">The part.</param>
/// <param name="Path">A JSON pointer in the form of a fragment, such as <c>#/properties/name</c>.</param>
internal readonly record struct SchemaNode(JsonElement Element, string Path)
{
    public ConstraintException Error(string problem) => new($"schema, {Path}", problem);

    /// <summary>A member of an object; null when it is not there.</summary>
    public SchemaNode? Find(string name)
        => Element.TryGetProperty(name, out var value) ? new SchemaNode(value, Below(name)) : null;

    /// <summary>The members of an object.</summary>
    public IReadOnlyList<(string Name, SchemaNode Value)> Members()
    {
        if (Element.ValueKind != JsonValueKind.Object)
            throw Error($"expected an object, got {Element.ValueKind}");
        var node = this;
        return [.. Element.EnumerateObject().Select(member => (member.Name, new SchemaNode(member.Value, node.Below(member.Name))))];
    }

    /// <summary>The items of an array, which must have one.</summary>
    public IReadOnlyList<SchemaNode> Items()
    {
        if (Element.ValueKind != JsonValueKind.Array || Element.GetArrayLength() == 0)
            throw Error($"expected an array of at least one item, got {Element.ValueKind}");
        var node = this;
        return [.. Element.EnumerateArray().Select((item, index) => new SchemaNode(item, $"{node.Path}/{index}"))];
    }

    public string Text() => Element.ValueKind == JsonValueKind.String ? Element.GetString() ?? "" : throw Error($"expected a string, got {Element.ValueKind}");

    /// <summary>The number of a keyword such as <c>minItems</c>; null when it is not there.</summary>
    public int? Count(string keyword)
    {
        if (Find(keyword) is not { } node)
            return null;
        return node.Element.ValueKind == JsonValueKind.Number && node.Element.TryGetDecimal(out var value) && value is >= 0 and <= int.MaxValue && decimal.IsInteger(value)
            ? (int)value
            : throw node.Error($"expected an integer from 0 to {int.MaxValue}, got {Shown(node.Element)}");
    }

    /// <summary>A part of a schema as text for a message, cut short.</summary>
    public static string Shown(JsonElement element) => element.GetRawText() is { Length: > 60 } text ? text[..60] + "..." : element.GetRawText();

    private string Below(string name) => $"{Path}/{name.Replace("~", "~0", StringComparison.Ordinal).Replace("/", "~1", StringComparison.Ordinal)}";
}
