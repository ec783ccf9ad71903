using T5GemmaSharp.Generation.Constraints.Expressions;
using T5GemmaSharp.Generation.Constraints.RegularExpressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>Compiles schemas of strings.</summary>
internal sealed class StringSchema(JsonText text)
{
    public Expression Compile(SchemaNode node)
    {
        string[] ways = [.. new[] { "pattern", "format", "minLength", "maxLength" }.Where(keyword => node.Find(keyword) is not null)];
        if (ways is ["pattern" or "format", _, ..])
            throw node.Error($"{ways[1]} beside {ways[0]} is not supported; put both into one pattern");
        if (node.Find("pattern") is { } pattern)
            return Pattern(pattern);
        if (node.Find("format") is { } format)
            return JsonText.String(StringFormats.Compile(format));
        var (minimum, maximum) = (node.Count("minLength") ?? 0, node.Count("maxLength"));
        return maximum < minimum ? throw node.Error($"minLength {minimum} is greater than maxLength {maximum}") : text.StringOf(minimum, maximum);
    }

    /// <summary>A pattern may match anywhere in the string, unless it is anchored.</summary>
    private static Expression Pattern(SchemaNode pattern)
    {
        var anything = Expression.Repeat(JsonText.Character(CodePointSet.All), 0, null);
        var branches = RegexParser.Parse(pattern.Text(), JsonText.Character, $"schema, {pattern.Path}");
        return JsonText.String(Expression.AnyOf([.. branches.Select(branch => Expression.Sequence(
            branch.IsAnchoredAtStart ? Expression.Empty : anything,
            branch.Body,
            branch.IsAnchoredAtEnd ? Expression.Empty : anything))]));
    }
}
