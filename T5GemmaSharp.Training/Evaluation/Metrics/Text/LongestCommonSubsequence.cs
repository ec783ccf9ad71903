namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>Longest common subsequence of two sequences of tokens.</summary>
internal static class LongestCommonSubsequence
{
    /// <summary>Its length.</summary>
    public static int Length(string[] expected, string[] predicted) => Table(expected, predicted)[expected.Length, predicted.Length];

    /// <summary>Places in the expected tokens that one of the longest takes, from the last to the first.</summary>
    /// <remarks>Among equally long ones the walk is that of rouge_score, on which the union over lines depends.</remarks>
    public static IEnumerable<int> Places(string[] expected, string[] predicted)
    {
        var table = Table(expected, predicted);
        var (row, column) = (expected.Length, predicted.Length);
        while (row > 0 && column > 0)
        {
            if (expected[row - 1] == predicted[column - 1])
            {
                (row, column) = (row - 1, column - 1);
                yield return row;
            }
            else if (table[row, column - 1] > table[row - 1, column])
            {
                column--;
            }
            else
            {
                row--;
            }
        }
    }

    /// <summary>Lengths for all pairs of prefixes.</summary>
    private static int[,] Table(string[] expected, string[] predicted)
    {
        var table = new int[expected.Length + 1, predicted.Length + 1];
        for (var row = 1; row <= expected.Length; row++)
        {
            for (var column = 1; column <= predicted.Length; column++)
            {
                table[row, column] = expected[row - 1] == predicted[column - 1]
                    ? table[row - 1, column - 1] + 1
                    : Math.Max(table[row - 1, column], table[row, column - 1]);
            }
        }

        return table;
    }
}
