using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files.Labels;
using T5GemmaSharp.Training.Evaluation.Metrics;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Finetuning.Classification;

/// <summary>Metrics of the labels of words: entities by text, the others by word.</summary>
internal sealed class TokenMetrics(IReadOnlyList<string> names, LabelTable labels) : IHeadMetrics
{
    private readonly MetricSet _ofTexts = MetricSet.Create([.. names.Where(name => name == HeadMetricNames.Entities)]);
    private readonly MetricSet _ofWords = MetricSet.Create([.. names.Where(name => name != HeadMetricNames.Entities)]);

    public void Add(Tensor logits, Tensor expected)
    {
        using var scope = NewDisposeScope();
        var width = (int)expected.size(1);
        var predicted = logits.argmax(-1).cpu().data<long>().ToArray(); // [B, T]
        foreach (var (row, truths) in predicted.Chunk(width).Zip(expected.cpu().data<long>().ToArray().Chunk(width)))
        {
            var words = row.Zip(truths)
                .Where(pair => pair.Second != Seq2SeqBatch.IgnoreIndex)
                .Select(pair => (Predicted: labels.Names[(int)pair.First], Expected: labels.Names[(int)pair.Second]))
                .ToList();
            words.ForEach(word => _ofWords.Add(word.Predicted, [word.Expected]));
            _ofTexts.Add(string.Join(' ', words.Select(word => word.Predicted)), [string.Join(' ', words.Select(word => word.Expected))]);
        }
    }

    public IReadOnlyList<MetricValue> Compute() => [.. _ofTexts.Compute(), .. _ofWords.Compute()];
}
