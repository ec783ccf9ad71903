using System.Text.Json;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>The values that <c>enum</c> and <c>const</c> list.</summary>
internal sealed class JsonLiterals(JsonText text)
{
    /// <summary>Compiles the values of a keyword that have one of the types.</summary>
    public Expression Compile(SchemaNode node, string keyword, IReadOnlyList<string> types)
    {
        var listed = new SchemaNode(node.Element.GetProperty(keyword), $"{node.Path}/{keyword}");
        SchemaNode[] values = [.. (keyword == "const" ? [listed] : listed.Items()).Where(value => types.Count == 0 || types.Any(type => HasType(value.Element, type)))];
        if (values.Length == 0)
            throw listed.Error($"no value has the type {string.Join(" or ", types)}");
        var (scalars, others) = (values.Where(value => IsScalar(value.Element)), values.Where(value => !IsScalar(value.Element)));
        return Expression.AnyOf([Expression.Texts(scalars.Select(value => ScalarText(value.Element))), .. others.Select(value => Value(value.Element))]);
    }

    private Expression Value(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Array => JsonText.Array(text.List([.. value.EnumerateArray().Select(item => (Value(item), true))], more: null)),
        JsonValueKind.Object => JsonText.Object(text.List([.. value.EnumerateObject().Select(member => (text.Member(Expression.Text(JsonText.Quote(member.Name)), Value(member.Value)), true))], more: null)),
        _ => Expression.Text(ScalarText(value)),
    };

    private static string ScalarText(JsonElement value) => value.ValueKind == JsonValueKind.String ? JsonText.Quote(value.GetString() ?? "") : value.GetRawText();

    private static bool IsScalar(JsonElement value) => value.ValueKind is not (JsonValueKind.Array or JsonValueKind.Object);

    private static bool HasType(JsonElement value, string type) => value.ValueKind switch
    {
        JsonValueKind.String => type == "string",
        JsonValueKind.Number => type == "number" || (type == "integer" && value.TryGetDecimal(out var number) && decimal.IsInteger(number)),
        JsonValueKind.True or JsonValueKind.False => type == "boolean",
        JsonValueKind.Null => type == "null",
        JsonValueKind.Object => type == "object",
        _ => type == "array",
    };
}
