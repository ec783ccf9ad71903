using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Teachers.Gemma2;

/// <summary>A batch of pairs as a decoder-only model reads it: bos where the source has none, the source, and at once the target, padded on the right.</summary>
/// <param name="InputIds">int64 [B, L].</param>
/// <param name="Mask">Whether a token is there, bool [B, L].</param>
/// <param name="Positions">Where each target is predicted, which is one place before it, as indices of B * L, int64 [N].</param>
internal sealed record CausalBatch(Tensor InputIds, Tensor Mask, Tensor Positions)
{
    /// <summary>Joins sources and targets; the tensors belong to the caller's dispose scope.</summary>
    /// <param name="tensors">The pairs.</param>
    /// <param name="bosId">Id that every text begins with.</param>
    /// <param name="padId">Id in places without a token.</param>
    public static CausalBatch Of(Seq2SeqTensors tensors, long bosId, long padId)
    {
        using var scope = NewDisposeScope();
        var (rows, sourceWidth, targetWidth) = (tensors.InputIds.size(0), tensors.InputIds.size(1), tensors.Labels.size(1));
        var (sourceMask, targetMask) = (tensors.AttentionMask.ne(0), tensors.Labels.ne(Seq2SeqBatch.IgnoreIndex));
        var bos = full([rows, 1], bosId, dtype: ScalarType.Int64, device: tensors.InputIds.device);
        var ids = cat([bos, tensors.InputIds, tensors.Labels.masked_fill(targetMask.logical_not(), padId)], dim: 1);
        var mask = cat([ones_like(bos, dtype: ScalarType.Bool), sourceMask, targetMask], dim: 1);

        // Row by row: bos is skipped where the source begins with it, and so is the padding between source and target.
        var skipped = tensors.InputIds.narrow(1, 0, 1).eq(bosId).to(ScalarType.Int64); // [B, 1]
        var prefix = 1 - skipped + sourceMask.sum(dim: 1, keepdim: true); // [B, 1]
        var width = sourceWidth + targetWidth; // a target's last token predicts nothing
        var places = arange(width, dtype: ScalarType.Int64, device: ids.device).unsqueeze(0); // [1, L]
        var sources = where(places < prefix, places + skipped, (places - prefix + (1 + sourceWidth)).clamp_max(width)); // [B, L]
        var (row, target) = (tensors.Positions.floor_divide(targetWidth), tensors.Positions.remainder(targetWidth));
        var positions = (row * width) + prefix.flatten().index_select(0, row) - 1 + target;
        var isThere = mask.gather(1, sources) & (places < prefix + targetWidth);
        return new CausalBatch(scope.MoveToOuter(ids.gather(1, sources)), scope.MoveToOuter(isThere), scope.MoveToOuter(positions));
    }
}
