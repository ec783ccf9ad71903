using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Losses;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Evaluation;

/// <summary>Cross-entropy on held-out pairs.</summary>
public static class ValidationLoss
{
    /// <summary>Sum of the losses of all target tokens over their number.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="examples">At least one pair.</param>
    /// <param name="batchSize">Pairs a batch.</param>
    /// <returns>Nats a token.</returns>
    public static double Compute(T5GemmaForConditionalGeneration model, IReadOnlyList<Seq2SeqExample> examples, int batchSize) => Measure(model, examples, batchSize).Loss;

    /// <summary>Loss and accuracy, both over all target tokens, whatever the batches.</summary>
    /// <param name="model">The model, in evaluation mode.</param>
    /// <param name="examples">At least one pair.</param>
    /// <param name="batchSize">Pairs a batch.</param>
    /// <param name="cancellation">Ends the work between two batches.</param>
    /// <exception cref="OperationCanceledException">The work was ended early.</exception>
    public static TargetMeasures Measure(T5GemmaForConditionalGeneration model, IReadOnlyList<Seq2SeqExample> examples, int batchSize, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(model);
        ArgumentNullException.ThrowIfNull(examples);
        using var noGrad = no_grad();
        var head = new ChunkedHead(model, new TokenLossOptions());
        var (loss, right, targets) = (0.0, 0L, 0L);
        foreach (var chunk in examples.OrderBy(example => example.InputIds.Length).Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = Seq2SeqBatch.Create(chunk, model.Config.PadTokenId ?? 0);
            var tensors = batch.To(model.Device);
            var (sum, hits) = head.Measure(Seq2SeqTask.States(model, tensors), tensors.Positions, tensors.Targets);
            loss += sum.ToDouble();
            right += hits.ToInt64();
            targets += batch.Targets;
        }

        return new TargetMeasures(loss / targets, (double)right / targets, targets);
    }
}
