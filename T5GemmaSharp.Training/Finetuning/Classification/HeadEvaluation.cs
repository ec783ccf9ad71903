using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Tasks;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Measures a head on held-out examples: the mean loss of a label, and metrics.</summary>
/// <param name="task">The task over the held-out examples.</param>
/// <param name="createMetrics">Makes the metrics of an evaluation.</param>
/// <param name="batchSize">Examples a batch.</param>
/// <param name="cancellation">Ends the evaluation.</param>
internal sealed class HeadEvaluation(IClassificationTask task, Func<IHeadMetrics> createMetrics, int batchSize, CancellationToken cancellation)
{
    /// <summary>Measures the model, which is in evaluation mode.</summary>
    public EvaluationReport Measure(int step)
    {
        using var noGrad = no_grad();
        var metrics = createMetrics();
        var (loss, targets) = (0.0, 0L);
        var device = task.Model.parameters().First().device;
        foreach (var indices in Enumerable.Range(0, task.CountOf(epoch: 0)).OrderBy(index => task.LengthOf(epoch: 0, index).Encoder).Chunk(batchSize))
        {
            cancellation.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var batch = (ClassificationBatch)task.Prepare(epoch: 0, indices);
            var tensors = batch.To(device);
            var (logits, sum) = task.Forward(tensors);
            loss += sum.ToDouble();
            targets += batch.Targets;
            metrics.Add(logits, tensors.Labels);
        }

        var values = new Dictionary<string, double> { ["loss"] = loss / Math.Max(1, targets) };
        foreach (var value in metrics.Compute())
            values[value.Name] = value.Value;
        return new EvaluationReport(step, values);
    }
}
