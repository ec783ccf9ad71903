using T5GemmaSharp.Generation.Constraints.Expressions;

namespace T5GemmaSharp.Generation.Constraints.JsonSchemas;

/// <summary>The property names other than some.</summary>
internal sealed class OtherNames(int? maxLength)
{
    private const int MaxNameLength = 100; // each character of a name stands inside the one before

    private static readonly Expression Quotes = Expression.Text("\"");

    /// <summary>The names in quotes.</summary>
    public Expression Compile(SchemaNode node, IReadOnlyList<string> without)
    {
        int[][] names = [.. without.Select(name => name.EnumerateRunes().Select(rune => rune.Value).ToArray())];
        return names.Any(name => name.Length > MaxNameLength)
            ? throw node.Error($"additional properties are supported beside properties whose names have at most {MaxNameLength} characters")
            : Expression.Sequence(Quotes, From(names, position: 0));
    }

    /// <summary>The endings, with the quotes, of names that so far equal some of those that are left out.</summary>
    private Expression From(IReadOnlyList<int[]> names, int position)
    {
        var branches = new List<Expression>();
        if (names.All(name => name.Length > position))
            branches.Add(Quotes);
        if (position == maxLength)
            return Expression.AnyOf(branches);
        var known = names.Where(name => name.Length > position).GroupBy(name => name[position]).ToList();
        foreach (var group in known)
            branches.Add(Expression.Sequence(JsonText.Character(CodePointSet.Single(group.Key)), From([.. group], position + 1)));
        var others = CodePointSet.All.Except(CodePointSet.Of([.. known.Select(group => (group.Key, group.Key))]));
        var anything = Expression.Repeat(JsonText.Character(CodePointSet.All), 0, maxLength - position - 1);
        branches.Add(Expression.Sequence(JsonText.Character(others), anything, Quotes));
        return Expression.AnyOf(branches);
    }
}
