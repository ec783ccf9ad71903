namespace T5GemmaSharp.Training.Data;

/// <summary>Puts sequences of different lengths side by side, padded on the right.</summary>
internal static class PaddedRows
{
    /// <summary>The cells [B, T] of the rows.</summary>
    /// <param name="rows">At least one.</param>
    /// <param name="filler">What stands behind the end of a row.</param>
    /// <param name="mask">1 where a row has a cell, 0 behind its end [B, T].</param>
    public static long[,] Of(int[][] rows, long filler, out long[,] mask)
    {
        var width = rows.Max(row => row.Length);
        var cells = new long[rows.Length, width];
        mask = new long[rows.Length, width];
        for (var row = 0; row < rows.Length; row++)
        {
            for (var column = 0; column < width; column++)
            {
                var present = column < rows[row].Length;
                cells[row, column] = present ? rows[row][column] : filler;
                mask[row, column] = present ? 1 : 0;
            }
        }

        return cells;
    }
}
