using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Generation.Logits;

/// <summary>Ids as arrays, for rules that are not arithmetic.</summary>
internal static class TokenRows
{
    /// <summary>The rows of ids [rows, length], from any device.</summary>
    public static IReadOnlyList<long[]> Of(Tensor ids)
    {
        using var cpu = ids.to(ScalarType.Int64).cpu();
        var all = cpu.contiguous().data<long>().ToArray();
        var length = (int)ids.size(1);
        return [.. Enumerable.Range(0, (int)ids.size(0)).Select(row => all[(row * length)..((row + 1) * length)])];
    }

    /// <summary>Sets the scores of some ids of each row to negative infinity.</summary>
    public static Tensor Forbid(Tensor scores, IEnumerable<IReadOnlyList<long>> idsOfRows)
    {
        var pairs = idsOfRows.SelectMany((ids, row) => ids.Select(id => (Row: (long)row, Id: id))).ToList();
        if (pairs.Count == 0)
            return scores;
        var rows = torch.tensor(pairs.Select(pair => pair.Row).ToArray(), dtype: ScalarType.Int64, device: scores.device);
        var ids = torch.tensor(pairs.Select(pair => pair.Id).ToArray(), dtype: ScalarType.Int64, device: scores.device);
        return scores.index_put_(torch.tensor(float.NegativeInfinity, device: scores.device), rows, ids);
    }

    /// <summary>Sets all scores but those of some ids of each row to negative infinity.</summary>
    public static Tensor AllowOnly(Tensor scores, IReadOnlyList<IReadOnlyList<long>> idsOfRows)
    {
        var result = torch.full_like(scores, float.NegativeInfinity);
        for (var row = 0; row < idsOfRows.Count; row++)
        {
            var ids = torch.tensor(idsOfRows[row].ToArray(), dtype: ScalarType.Int64, device: scores.device);
            result.select(0, row).index_copy_(0, ids, scores.select(0, row).index_select(0, ids));
        }

        return result;
    }
}
