namespace T5GemmaSharp.Training.Evaluation;

/// <summary>Levenshtein distance.</summary>
public static class EditDistance
{
    /// <summary>Fewest insertions, deletions and substitutions that turn one sequence into the other.</summary>
    /// <param name="first">One sequence.</param>
    /// <param name="second">The other.</param>
    /// <typeparam name="T">Type of the symbols.</typeparam>
    public static int Between<T>(IReadOnlyList<T> first, IReadOnlyList<T> second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        var comparer = EqualityComparer<T>.Default;
        var row = Enumerable.Range(0, second.Count + 1).ToArray();
        for (var i = 1; i <= first.Count; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= second.Count; j++)
            {
                var substitution = diagonal + (comparer.Equals(first[i - 1], second[j - 1]) ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(substitution, Math.Min(row[j], row[j - 1]) + 1);
            }
        }

        return row[^1];
    }
}
