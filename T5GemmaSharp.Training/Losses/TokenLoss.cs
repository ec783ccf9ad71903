using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Losses;

/// <summary>Loss of target tokens.</summary>
internal static class TokenLoss
{
    /// <summary>Sum over the targets.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="targets">[N], int64, each a class.</param>
    /// <param name="options">Label smoothing and z-loss.</param>
    /// <returns>float32, [].</returns>
    public static Tensor Sum(Tensor logits, Tensor targets, TokenLossOptions options)
    {
        using var scope = NewDisposeScope();
        var exact = logits.to(ScalarType.Float32);
        var loss = nn.functional.cross_entropy(exact, targets, reduction: nn.Reduction.Sum, label_smoothing: options.LabelSmoothing);
        if (options.ZLoss > 0)
            loss = loss + (exact.logsumexp(-1).square().sum() * options.ZLoss);
        return scope.MoveToOuter(loss);
    }

    /// <summary>Loss of each target; the gradient of their sum is that of <see cref="Sum"/>.</summary>
    /// <param name="logits">[N, V].</param>
    /// <param name="targets">[N], int64, each a class.</param>
    /// <param name="options">Label smoothing and z-loss.</param>
    /// <returns>float32, [N].</returns>
    public static Tensor Each(Tensor logits, Tensor targets, TokenLossOptions options)
    {
        using var scope = NewDisposeScope();
        var exact = logits.to(ScalarType.Float32);
        var losses = nn.functional.cross_entropy(exact, targets, reduction: nn.Reduction.None, label_smoothing: options.LabelSmoothing);
        if (options.ZLoss > 0)
            losses = losses + (exact.logsumexp(-1).square() * options.ZLoss);
        return scope.MoveToOuter(losses);
    }
}
