using System.Text.Json;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>The keywords that are known, and the types they belong to.</summary>
internal static class SchemaKeywords
{
    public static readonly IReadOnlyList<string> Types = ["string", "number", "integer", "boolean", "null", "object", "array"];

    private static readonly HashSet<string> Annotations =
    [
        "title", "description", "default", "examples", "deprecated", "readOnly", "writeOnly", "$schema", "$id", "$comment", "$defs", "definitions",
    ];

    private static readonly HashSet<string> General = ["type", "enum", "const", "anyOf", "oneOf", "$ref"];

    private static readonly Dictionary<string, string> OfTypes = new()
    {
        ["minLength"] = "string",
        ["maxLength"] = "string",
        ["pattern"] = "string",
        ["format"] = "string",
        ["minimum"] = "integer",
        ["maximum"] = "integer",
        ["exclusiveMinimum"] = "integer",
        ["exclusiveMaximum"] = "integer",
        ["properties"] = "object",
        ["required"] = "object",
        ["additionalProperties"] = "object",
        ["items"] = "array",
        ["prefixItems"] = "array",
        ["minItems"] = "array",
        ["maxItems"] = "array",
    };

    /// <summary>The keywords of a schema that are no annotations.</summary>
    /// <exception cref="ConstraintException">One is not known.</exception>
    public static IReadOnlyList<string> Of(SchemaNode node)
    {
        string[] keywords = [.. node.Members().Select(member => member.Name).Where(name => !Annotations.Contains(name))];
        foreach (var keyword in keywords.Where(keyword => !General.Contains(keyword) && !OfTypes.ContainsKey(keyword)))
            throw node.Error($"the keyword {keyword} is not supported");
        return keywords;
    }

    /// <summary>Refuses keywords beside one that is supported only without them.</summary>
    public static void DemandAlone(SchemaNode node, IReadOnlyList<string> keywords, string keyword, params IReadOnlyList<string> allowed)
    {
        foreach (var other in keywords.Where(other => other != keyword && !allowed.Contains(other)))
            throw node.Error($"{other} beside {keyword} is not supported");
    }

    /// <summary>The types of a schema, named or concluded from its keywords; none when any value fits.</summary>
    /// <exception cref="ConstraintException">A type is not known, or a keyword belongs to none of the types.</exception>
    public static IReadOnlyList<string> TypesOf(SchemaNode node, IReadOnlyList<string> keywords)
    {
        string[] concluded = [.. keywords.Where(OfTypes.ContainsKey).Select(keyword => OfTypes[keyword]).Distinct()];
        if (node.Find("type") is not { } type)
            return concluded.Length < 2 ? concluded : throw node.Error($"the keywords belong to several types ({string.Join(", ", concluded)}): name the type");
        string[] types = [.. type.Element.ValueKind == JsonValueKind.Array ? type.Items().Select(NameOf).Distinct() : [NameOf(type)]];
        foreach (var keyword in keywords.Where(keyword => OfTypes.TryGetValue(keyword, out var owner) && !types.Contains(owner)))
            throw node.Error($"{keyword} is supported for the type {OfTypes[keyword]}, the type is {string.Join(" or ", types)}");
        if (types.Contains("number") && concluded.Contains("integer"))
            throw node.Error($"{keywords.First(keyword => OfTypes.GetValueOrDefault(keyword) == "integer")} is supported for integers, the type is number");
        return types;
    }

    private static string NameOf(SchemaNode node)
        => node.Text() is var name && Types.Contains(name) ? name : throw node.Error($"expected one of {string.Join(", ", Types)}, got {name}");
}
