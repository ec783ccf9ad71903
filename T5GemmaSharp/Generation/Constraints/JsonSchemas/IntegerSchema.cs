using System.Text.Json;
using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>Compiles schemas of integers.</summary>
internal static class IntegerSchema
{
    public static Expression Compile(SchemaNode node)
    {
        var first = Math.Max(
            Bound(node, "minimum", decimal.Ceiling) ?? -IntegerRange.Largest,
            Bound(node, "exclusiveMinimum", value => decimal.Floor(value) + 1) ?? -IntegerRange.Largest);
        var last = Math.Min(
            Bound(node, "maximum", decimal.Floor) ?? IntegerRange.Largest,
            Bound(node, "exclusiveMaximum", value => decimal.Ceiling(value) - 1) ?? IntegerRange.Largest);
        return first <= last
            ? IntegerRange.Between((long)first, (long)last)
            : throw node.Error($"no integer of at most {IntegerRange.MaxDigits} digits lies within the bounds");
    }

    private static decimal? Bound(SchemaNode node, string keyword, Func<decimal, decimal> toInteger)
    {
        if (node.Find(keyword) is not { } bound)
            return null;
        // Half of a decimal's range, so that a step to the next integer stays inside it.
        return bound.Element.ValueKind == JsonValueKind.Number && bound.Element.TryGetDecimal(out var value) && Math.Abs(value) < decimal.MaxValue / 2
            ? toInteger(value)
            : throw bound.Error($"expected a number of at most 28 digits, got {SchemaNode.Shown(bound.Element)}");
    }
}
