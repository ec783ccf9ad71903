using System.Globalization;
using System.Text.Json;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Evaluation.Metrics;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Metrics of the labels of texts.</summary>
/// <param name="names">The metrics.</param>
/// <param name="problem">What is predicted.</param>
/// <param name="labels">The classes; null: a number is predicted.</param>
internal sealed class SequenceMetrics(IReadOnlyList<string> names, ProblemType problem, LabelTable? labels) : IHeadMetrics
{
    private readonly MetricSet _metrics = MetricSet.Create(names);

    public void Add(Tensor logits, Tensor expected)
    {
        using var scope = NewDisposeScope();
        if (problem == ProblemType.SingleLabelClassification)
        {
            foreach (var (predicted, right) in Classes(logits.argmax(-1)).Zip(Classes(expected)))
                _metrics.Add(predicted, [right]);
            return;
        }

        var width = (int)logits.size(1);
        var (scores, truths) = (logits.cpu().data<float>().ToArray(), expected.cpu().data<float>().ToArray()); // both [B, C]
        foreach (var (row, truth) in scores.Chunk(width).Zip(truths.Chunk(width)))
        {
            if (problem == ProblemType.Regression)
                _metrics.Add(Number(row[0]), [Number(truth[0])]);
            else
                _metrics.Add(List(row, limit: 0), [List(truth, limit: 0.5f)]);
        }
    }

    public IReadOnlyList<MetricValue> Compute() => _metrics.Compute();

    private static string Number(float value) => value.ToString("R", CultureInfo.InvariantCulture);

    // There are classes wherever no number is predicted.
    private IEnumerable<string> Classes(Tensor ids) => ids.cpu().data<long>().ToArray().Select(id => labels!.Names[(int)id]);

    // A probability above one half is a logit above 0.
    private string List(float[] values, float limit)
        => JsonSerializer.Serialize(Enumerable.Range(0, values.Length).Where(id => values[id] > limit).Select(id => labels!.Names[id]));
}
