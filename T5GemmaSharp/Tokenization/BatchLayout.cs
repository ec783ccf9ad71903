using TorchSharp;

namespace T5GemmaSharp.Tokenization;

/// <summary>Lays rows of ids out as one rectangle.</summary>
internal static class BatchLayout
{
    public static TokenBatch Pad(IReadOnlyList<int[]> rows, BatchEncodingOptions options, int? padId, bool endsWithEos, PaddingSide side)
    {
        Check(rows, options);
        var cut = rows.Select(row => Truncate(row, options.MaxLength, endsWithEos)).ToList();
        var longest = Math.Max(1, cut.Max(row => row.Length));
        var width = (longest + options.PadToMultipleOf - 1) / options.PadToMultipleOf * options.PadToMultipleOf;
        if (padId is null && cut.Exists(row => row.Length < width))
            throw new InvalidOperationException("rows of unequal length need padding, the tokenizer has no padding token");

        var ids = new long[rows.Count * width];
        var mask = new long[rows.Count * width];
        Array.Fill(ids, padId ?? 0);
        for (var row = 0; row < cut.Count; row++)
        {
            var start = (row * width) + (side == PaddingSide.Left ? width - cut[row].Length : 0);
            for (var column = 0; column < cut[row].Length; column++)
                (ids[start + column], mask[start + column]) = (cut[row][column], 1);
        }

        return new TokenBatch(
            torch.tensor(ids, [rows.Count, width], torch.ScalarType.Int64),
            torch.tensor(mask, [rows.Count, width], torch.ScalarType.Int64));
    }

    private static void Check(IReadOnlyList<int[]> rows, BatchEncodingOptions options)
    {
        if (rows.Count == 0)
            throw new ArgumentException("texts: expected at least one text, got none");
        if (options.MaxLength is < 1)
            throw new ArgumentException($"options.MaxLength: expected at least 1, got {options.MaxLength}");
        if (options.PadToMultipleOf < 1)
            throw new ArgumentException($"options.PadToMultipleOf: expected at least 1, got {options.PadToMultipleOf}");
    }

    private static int[] Truncate(int[] row, int? maxLength, bool endsWithEos)
    {
        if (maxLength is not { } limit || row.Length <= limit)
            return row;
        return endsWithEos ? [.. row.AsSpan(0, limit - 1), row[^1]] : row[..limit];
    }
}
