using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Hosting.Batching;

/// <summary>Rows of ids as one batch, padded on the right. The tensors belong to the caller's dispose scope.</summary>
/// <param name="Ids">[B, S], int64.</param>
/// <param name="Mask">[B, S], int64: 1 where a token is.</param>
internal readonly record struct PaddedIds(Tensor Ids, Tensor Mask)
{
    /// <summary>Pads rows of at least one id.</summary>
    public static PaddedIds Of(IReadOnlyList<IReadOnlyList<int>> rows, long? padId, Device device)
    {
        var length = rows.Max(row => row.Count);
        var ids = new long[rows.Count * length];
        var mask = new long[ids.Length];
        Array.Fill(ids, padId ?? 0);
        for (var row = 0; row < rows.Count; row++)
        {
            for (var index = 0; index < rows[row].Count; index++)
                (ids[(row * length) + index], mask[(row * length) + index]) = (rows[row][index], 1);
        }

        return new PaddedIds(
            torch.tensor(ids, [rows.Count, length], dtype: ScalarType.Int64, device: device),
            torch.tensor(mask, [rows.Count, length], dtype: ScalarType.Int64, device: device));
    }
}
