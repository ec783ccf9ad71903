using TorchSharp;

namespace T5GemmaSharp.Tokenization;

/// <summary>Lays rows of ids out as one rectangle.</summary>
internal static class BatchLayout
{
    public static void Check(int rowCount, BatchEncodingOptions options, int addedTokens)
    {
        if (rowCount == 0)
            throw new ArgumentException("texts: expected at least one text, got none");
        if (options.MaxLength is { } maximum && maximum < Math.Max(1, addedTokens))
            throw new ArgumentException($"options.MaxLength: expected at least {Math.Max(1, addedTokens)} ({addedTokens} for bos and eos), got {maximum}");
        if (options.PadToMultipleOf < 1)
            throw new ArgumentException($"options.PadToMultipleOf: expected at least 1, got {options.PadToMultipleOf}");
        if (options.MinLength < 1)
            throw new ArgumentException($"options.MinLength: expected at least 1, got {options.MinLength}");
    }

    /// <summary>Cuts a text that is too long between its bos and its eos.</summary>
    public static int[] Truncate(int[] row, int? maxLength, TruncationSide side, bool startsWithBos, bool endsWithEos)
    {
        if (maxLength is not { } limit || row.Length <= limit)
            return row;
        var (bos, eos) = (startsWithBos ? 1 : 0, endsWithEos ? 1 : 0);
        var kept = limit - bos - eos;
        var start = side == TruncationSide.Right ? bos : row.Length - eos - kept;
        return [.. row.AsSpan(0, bos), .. row.AsSpan(start, kept), .. row.AsSpan(row.Length - eos)];
    }

    public static TokenBatch Pad(IReadOnlyList<int[]> rows, BatchEncodingOptions options, int? padId, PaddingSide side)
    {
        var longest = Math.Max(options.MinLength, rows.Max(row => row.Length));
        var width = checked((longest + options.PadToMultipleOf - 1) / options.PadToMultipleOf * options.PadToMultipleOf);
        if (padId is null && rows.Any(row => row.Length < width))
            throw new InvalidOperationException("rows of unequal length need padding, the tokenizer has no padding token");

        var ids = new long[rows.Count * width];
        var mask = new long[rows.Count * width];
        Array.Fill(ids, padId ?? 0);
        for (var row = 0; row < rows.Count; row++)
        {
            var start = (row * width) + (side == PaddingSide.Left ? width - rows[row].Length : 0);
            for (var column = 0; column < rows[row].Length; column++)
                (ids[start + column], mask[start + column]) = (rows[row][column], 1);
        }

        return new TokenBatch(
            torch.tensor(ids, [rows.Count, width], torch.ScalarType.Int64),
            torch.tensor(mask, [rows.Count, width], torch.ScalarType.Int64));
    }
}
