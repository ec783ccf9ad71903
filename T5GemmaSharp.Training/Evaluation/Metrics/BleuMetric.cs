using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>BLEU-4 of a corpus, 0 to 100.</summary>
/// <remarks>
/// As sacreBLEU's default: tokenizer 13a, exponential smoothing, brevity penalty against the nearest reference length.
/// Empty references are left out, as there; an example with no other is an error there and counts with length 0 here.
/// </remarks>
public sealed class BleuMetric : IMetric
{
    private const int Orders = 4;

    private readonly long[] _matched = new long[Orders];
    private readonly long[] _predicted = new long[Orders];
    private readonly SortedSet<int> _referenceCounts = [];
    private long _predictedLength;
    private long _referenceLength;

    /// <summary>How the number came about, in sacreBLEU's form without its version: to be printed beside the number.</summary>
    public string Signature => $"nrefs:{(_referenceCounts.Count == 1 ? _referenceCounts.Min : "var")}|case:mixed|eff:no|tok:13a|smooth:exp";

    /// <inheritdoc/>
    public void Add(string prediction, IReadOnlyList<string> references)
    {
        References.Check(prediction, references);
        var predicted = Tokenizer13a.Tokenize(prediction);
        var expected = references.Where(reference => reference.Length > 0).Select(Tokenizer13a.Tokenize).DefaultIfEmpty([]).ToArray();
        for (var order = 1; order <= Orders; order++)
        {
            var runs = NGrams.Count(predicted, order);
            var limits = Largest(expected.Select(tokens => NGrams.Count(tokens, order)));
            _matched[order - 1] += NGrams.Overlap(runs, limits);
            _predicted[order - 1] += Math.Max(0, predicted.Length - order + 1);
        }

        _predictedLength += predicted.Length;
        _referenceLength += expected.Select(tokens => tokens.Length).OrderBy(length => Math.Abs(length - predicted.Length)).ThenBy(length => length).First();
        _referenceCounts.Add(expected.Length);
    }

    /// <inheritdoc/>
    public IReadOnlyList<MetricValue> Compute() => [new("bleu", Score())];

    /// <summary>For each run, the most often that one of the references has it.</summary>
    private static Dictionary<string, int> Largest(IEnumerable<Dictionary<string, int>> references)
    {
        var largest = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (run, count) in references.SelectMany(counts => counts))
            largest[run] = Math.Max(count, largest.GetValueOrDefault(run));
        return largest;
    }

    private double Score()
    {
        // Without a match, smoothing alone would make a score out of nothing; without a run of four words, the fourth precision is 0.
        if (_matched.All(count => count == 0) || _predicted[^1] == 0)
            return 0;
        var (logarithms, halving) = (0.0, 1.0);
        for (var order = 0; order < Orders; order++)
        {
            if (_matched[order] == 0)
                halving *= 2; // the first order without a match counts half a match, the next a quarter
            logarithms += Math.Log(_matched[order] == 0 ? 1 / (halving * _predicted[order]) : (double)_matched[order] / _predicted[order]);
        }

        var brevity = _predictedLength < _referenceLength ? Math.Exp(1 - ((double)_referenceLength / _predictedLength)) : 1;
        return 100 * brevity * Math.Exp(logarithms / Orders);
    }
}
