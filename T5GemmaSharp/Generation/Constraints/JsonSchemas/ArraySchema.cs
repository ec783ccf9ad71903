using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>Compiles schemas of arrays.</summary>
internal sealed class ArraySchema(SchemaCompiler compiler)
{
    private const int MaxPrefix = 100; // each item of prefixItems stands inside the one before

    public Expression Compile(SchemaNode node)
    {
        var (minimum, maximum) = (node.Count("minItems") ?? 0, node.Count("maxItems") ?? int.MaxValue);
        if (maximum < minimum)
            throw node.Error($"minItems {minimum} is greater than maxItems {maximum}");
        Expression[] prefix = [.. node.Find("prefixItems") is { } prefixItems ? prefixItems.Items().Select(compiler.Compile) : []];
        if (prefix.Length > MaxPrefix)
            throw node.Error($"prefixItems: expected at most {MaxPrefix}, got {prefix.Length}");
        var item = node.Find("items") is { } items ? compiler.Compile(items) : prefix.Length > 0 ? Expression.Nothing : compiler.AnyItem;
        return JsonText.Array(prefix.Length == 0 ? Equal(item, minimum, maximum) : Prefixed(prefix, item, minimum, maximum));
    }

    private Expression Equal(Expression item, int minimum, int maximum)
    {
        if (minimum == 0 && maximum == int.MaxValue)
            return compiler.Text.List([], item);
        return Prefixed([item], item, minimum, maximum);
    }

    /// <summary>Items of which the first have expressions of their own. An array may end after any that <paramref name="minimum"/> does not demand.</summary>
    private Expression Prefixed(Expression[] prefix, Expression item, int minimum, int maximum)
    {
        int? mostOfRest = maximum == int.MaxValue ? null : Math.Max(0, maximum - prefix.Length);
        var rest = Expression.Repeat(Expression.Sequence(compiler.Text.Comma, item), Math.Max(0, minimum - prefix.Length), mostOfRest);
        for (var index = Math.Min(prefix.Length, maximum) - 1; index >= 0; index--)
        {
            var from = index == 0 ? Expression.Sequence(prefix[index], rest) : Expression.Sequence(compiler.Text.Comma, prefix[index], rest);
            rest = index < minimum ? from : Expression.Optional(from);
        }

        return maximum == 0 ? Expression.Empty : rest;
    }
}
