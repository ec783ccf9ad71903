using T5GemmaSharp.Configuration;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Modeling;

/// <summary>The losses of the heads.</summary>
/// <remarks>HF: <c>ForMaskedLMLoss</c>, <c>ForTokenClassification</c>, <c>ForSequenceClassificationLoss</c>.</remarks>
internal static class Losses
{
    /// <summary>Cross-entropy of every position against its label, in float32, without shifting.</summary>
    /// <param name="logits">[B, T, classes].</param>
    /// <param name="labels">[B, T], int64; -100 is ignored.</param>
    /// <param name="numItemsInBatch">Divisor of the sum; null: the number of labels that count (NaN if there is none, as in the reference).</param>
    /// <param name="labelSmoothing">Share e of the target probability that is spread over all classes: (1 - e) CE + e mean(-log p), of labels that count.</param>
    /// <exception cref="ArgumentException">The labels have a wrong shape or dtype.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label on the CPU is no class.</exception>
    internal static Tensor TokenCrossEntropy(Tensor logits, Tensor labels, double? numItemsInBatch, double labelSmoothing = 0)
    {
        if (labels.dim() != 2 || labels.dtype != ScalarType.Int64 || labels.size(0) != logits.size(0) || labels.size(1) != logits.size(1))
            throw new ArgumentException($"labels: expected int64 [{logits.size(0)}, {logits.size(1)}], got {labels.dtype} [{string.Join(", ", labels.shape)}]");
        using var scope = NewDisposeScope();
        CheckClasses(labels, logits.size(2));
        var flat = logits.to(ScalarType.Float32).view(-1, logits.size(2)); // [B * T, classes]
        var targets = labels.to(logits.device).reshape(-1);
        if (numItemsInBatch is not { } count)
            return scope.MoveToOuter(nn.functional.cross_entropy(flat, targets, ignore_index: ShiftRight.IgnoreIndex, label_smoothing: labelSmoothing));
        var sum = nn.functional.cross_entropy(flat, targets, ignore_index: ShiftRight.IgnoreIndex, reduction: nn.Reduction.Sum, label_smoothing: labelSmoothing);
        return scope.MoveToOuter(sum / count);
    }

    /// <summary>Loss of one prediction a row.</summary>
    /// <param name="logits">[B, C].</param>
    /// <param name="labels">[B] class ids, or [B, C] values, which may be [B] for a single class, as the problem type needs.</param>
    /// <param name="problemType">Kind of loss; null: inferred. Unlike the reference, the inferred kind is not stored in the configuration.</param>
    /// <param name="labelSmoothing">As in <see cref="TokenCrossEntropy"/>; of single labels only.</param>
    /// <exception cref="ArgumentException">The labels do not fit the problem type.</exception>
    /// <exception cref="ArgumentOutOfRangeException">A label on the CPU is no class.</exception>
    internal static Tensor SequenceLoss(Tensor logits, Tensor labels, ProblemType? problemType, double labelSmoothing = 0)
    {
        using var scope = NewDisposeScope();
        var numLabels = logits.size(1);
        var targets = labels.to(logits.device);
        return scope.MoveToOuter((problemType ?? Infer(labels, numLabels)) switch
        {
            ProblemType.Regression => nn.functional.mse_loss(logits, Values(targets, logits)),
            ProblemType.SingleLabelClassification => SingleLabel(logits, targets, labelSmoothing),
            _ => nn.functional.binary_cross_entropy_with_logits(logits, Values(targets, logits)),
        });
    }

    private static ProblemType Infer(Tensor labels, long numLabels)
    {
        if (numLabels == 1)
            return ProblemType.Regression;
        return labels.dtype is ScalarType.Int64 or ScalarType.Int32 ? ProblemType.SingleLabelClassification : ProblemType.MultiLabelClassification;
    }

    private static Tensor SingleLabel(Tensor logits, Tensor labels, double labelSmoothing)
    {
        if (labels.numel() != logits.size(0) || labels.dtype != ScalarType.Int64)
            throw new ArgumentException($"labels: single-label classification needs int64 [{logits.size(0)}], got {labels.dtype} [{string.Join(", ", labels.shape)}]");
        CheckClasses(labels, logits.size(1));
        return nn.functional.cross_entropy(logits, labels.reshape(-1), ignore_index: ShiftRight.IgnoreIndex, label_smoothing: labelSmoothing);
    }

    private static Tensor Values(Tensor labels, Tensor logits)
    {
        var isVector = logits.size(1) == 1 && labels.numel() == logits.numel(); // one value a row may come without its axis
        if (!(isVector || labels.shape.SequenceEqual(logits.shape)) || !labels.is_floating_point())
            throw new ArgumentException($"labels: regression and multi-label classification need floating [{string.Join(", ", logits.shape)}], got {labels.dtype} [{string.Join(", ", labels.shape)}]");
        return labels.to(logits.dtype).reshape(logits.shape);
    }

    /// <summary>Looks at labels on the CPU; on a GPU, looking would stall it, and its kernel checks by itself.</summary>
    internal static void CheckClasses(Tensor labels, long classes)
    {
        if (labels.device_type != DeviceType.CPU || labels.numel() == 0)
            return;
        var wrong = (labels.lt(0) & labels.ne(ShiftRight.IgnoreIndex)) | labels.ge(classes);
        if (!wrong.any().item<bool>())
            return;
        var label = labels[wrong][0].item<long>();
        throw new ArgumentOutOfRangeException(nameof(labels), label, $"labels: expected 0 to {classes - 1}, or {ShiftRight.IgnoreIndex} to ignore, got {label}");
    }
}
