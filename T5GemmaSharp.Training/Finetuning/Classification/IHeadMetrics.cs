using T5GemmaSharp.Training.Evaluation.Metrics;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Metrics of what a head predicts.</summary>
internal interface IHeadMetrics
{
    /// <summary>Counts a batch.</summary>
    /// <param name="logits">[B, C] or [B, T, C], float32.</param>
    /// <param name="expected">The labels, as the model takes them.</param>
    void Add(Tensor logits, Tensor expected);

    /// <summary>The numbers over all batches.</summary>
    IReadOnlyList<MetricValue> Compute();
}
