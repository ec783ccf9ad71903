using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Data;

/// <summary>Examples as tensors; they belong to the dispose scope in which the batch was made.</summary>
/// <param name="InputIds">Ids of the encoder [B, S], int64.</param>
/// <param name="AttentionMask">1 for tokens, 0 for padding [B, S], int64.</param>
/// <param name="Labels">Target ids [B, T], int64; -100 where there is none.</param>
/// <param name="TargetTokens">Number of targets that are not -100.</param>
public sealed record Seq2SeqBatch(Tensor InputIds, Tensor AttentionMask, Tensor Labels, int TargetTokens)
{
    /// <summary>The label that the loss ignores.</summary>
    public const long IgnoreIndex = -100;

    /// <summary>Pads examples on the right.</summary>
    /// <param name="examples">At least one example.</param>
    /// <param name="padId">Id of the padding token.</param>
    /// <param name="device">Where the tensors lie.</param>
    public static Seq2SeqBatch Create(IReadOnlyList<Seq2SeqExample> examples, long padId, Device device)
    {
        ArgumentNullException.ThrowIfNull(examples);
        var inputs = Pad([.. examples.Select(example => example.InputIds)], padId, out var mask);
        var labels = Pad([.. examples.Select(example => example.Labels)], IgnoreIndex, out _);
        return new Seq2SeqBatch(
            ToTensor(inputs, device),
            ToTensor(mask, device),
            ToTensor(labels, device),
            examples.Sum(example => example.Labels.Length));
    }

    private static long[,] Pad(int[][] rows, long filler, out long[,] mask)
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

    private static Tensor ToTensor(long[,] cells, Device device) => torch.tensor(cells, device: device);
}
