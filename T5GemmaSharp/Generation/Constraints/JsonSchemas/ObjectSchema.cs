using System.Text.Json;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>Compiles schemas of objects.</summary>
internal sealed class ObjectSchema(SchemaCompiler compiler)
{
    public Expression Compile(SchemaNode node)
    {
        var properties = node.Find("properties")?.Members() ?? [];
        var required = Required(node, properties);
        var members = properties.Select(property => (compiler.Text.Member(Expression.Text(JsonText.Quote(property.Name)), compiler.Compile(property.Value)), required.Contains(property.Name)));
        var additional = node.Find("additionalProperties");
        if (additional is null && node.Find("properties") is null)
            return compiler.AnyObject;
        return JsonText.Object(compiler.Text.List([.. members], additional is { } schema ? Additional(schema, properties) : null));
    }

    private Expression? Additional(SchemaNode schema, IReadOnlyList<(string Name, SchemaNode Value)> properties)
    {
        if (schema.Element.ValueKind == JsonValueKind.False)
            return null;
        var names = properties.Count == 0 ? compiler.Text.AnyString : new OtherNames(compiler.MaxNameLength).Compile(schema, [.. properties.Select(property => property.Name)]);
        return compiler.Text.Member(names, compiler.Compile(schema));
    }

    private static HashSet<string> Required(SchemaNode node, IReadOnlyList<(string Name, SchemaNode Value)> properties)
    {
        if (node.Find("required") is not { } list)
            return [];
        if (list.Element is { ValueKind: JsonValueKind.Array } array && array.GetArrayLength() == 0)
            return [];
        var names = new HashSet<string>();
        foreach (var item in list.Items())
        {
            if (!properties.Any(property => property.Name == item.Text()))
                throw item.Error($"{item.Text()} is required and not among the properties");
            names.Add(item.Text());
        }

        return names;
    }
}
