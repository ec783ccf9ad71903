using T5GemmaSharp.Training.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>Share of the target tokens that the model finds most likely when it sees all before them.</summary>
public sealed class TokenAccuracy
{
    private long _right;
    private long _tokens;

    /// <summary>The share, 0 to 1; 0 without tokens.</summary>
    public double Value => _tokens == 0 ? 0 : (double)_right / _tokens;

    /// <summary>Counts one batch.</summary>
    /// <param name="logits">[B, T, V].</param>
    /// <param name="labels">[B, T], int64; <see cref="Seq2SeqBatch.IgnoreIndex"/> is not counted.</param>
    /// <exception cref="ArgumentException">The shapes do not fit each other.</exception>
    public void Add(Tensor logits, Tensor labels)
    {
        ArgumentNullException.ThrowIfNull(logits);
        ArgumentNullException.ThrowIfNull(labels);
        if (logits.dim() != 3 || !logits.shape.AsSpan(0, 2).SequenceEqual(labels.shape))
            throw new ArgumentException($"labels: expected the first two sizes of logits [{string.Join(", ", logits.shape)}], got [{string.Join(", ", labels.shape)}]", nameof(labels));
        using var scope = NewDisposeScope();
        // No prediction is negative, so that an ignored label counts as wrong before it is left out of the number.
        _right += logits.argmax(-1).eq(labels).sum().ToInt64(); // [B, T]
        _tokens += labels.ne(Seq2SeqBatch.IgnoreIndex).sum().ToInt64();
    }
}
