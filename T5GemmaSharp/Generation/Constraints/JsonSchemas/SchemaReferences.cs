using System.Globalization;
using System.Text.Json;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>Follows references within a schema, and stops those that stand inside themselves too often.</summary>
internal sealed class SchemaReferences(JsonElement root, int maxRecursion)
{
    private readonly Dictionary<string, int> _open = [];

    /// <summary>Compiles what a reference points to; nothing fits if it stands inside itself too often.</summary>
    public Expression Follow(SchemaNode reference, Func<SchemaNode, Expression> compile)
    {
        var target = reference.Text();
        var count = _open.GetValueOrDefault(target);
        if (count > maxRecursion)
            return Expression.Nothing;
        _open[target] = count + 1;
        try
        {
            return compile(Find(reference, target));
        }
        finally
        {
            _open[target] = count;
        }
    }

    private SchemaNode Find(SchemaNode reference, string target)
    {
        if (target != "#" && !target.StartsWith("#/", StringComparison.Ordinal))
            throw reference.Error($"expected a reference within the schema, such as #/$defs/name, got {target}");
        var current = root;
        foreach (var part in target.Split('/').Skip(1))
        {
            var name = Uri.UnescapeDataString(part).Replace("~1", "/", StringComparison.Ordinal).Replace("~0", "~", StringComparison.Ordinal);
            current = Child(current, name) ?? throw reference.Error($"there is no {target} in the schema");
        }

        return new SchemaNode(current, target);
    }

    private static JsonElement? Child(JsonElement parent, string name) => parent.ValueKind switch
    {
        JsonValueKind.Object when parent.TryGetProperty(name, out var member) => member,
        JsonValueKind.Array when int.TryParse(name, NumberStyles.None, CultureInfo.InvariantCulture, out var index) && index < parent.GetArrayLength() => parent[index],
        _ => null,
    };
}
