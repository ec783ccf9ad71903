using T5GemmaSharp.Training.Evaluation.Metrics.Text;

namespace T5GemmaSharp.Training.Evaluation.Metrics;

/// <summary>ROUGE-1, ROUGE-2, ROUGE-L and ROUGE-Lsum: the mean F1 over the examples, times 100.</summary>
/// <remarks>As Google's <c>rouge_score</c>; with several references the best one counts, for each number on its own.</remarks>
public sealed class RougeMetric : IMetric
{
    private static readonly string[] Types = ["rouge1", "rouge2", "rougeL", "rougeLsum"];

    private readonly bool _useStemmer;
    private readonly double[] _sums = new double[Types.Length];
    private int _examples;

    /// <summary>Starts without examples.</summary>
    /// <param name="useStemmer">Whether words of more than three characters are reduced to their stems, which is for English; the names of the numbers then end in <c>_stemmed</c>.</param>
    public RougeMetric(bool useStemmer = false) => _useStemmer = useStemmer;

    /// <inheritdoc/>
    public void Add(string prediction, IReadOnlyList<string> references)
    {
        References.Check(prediction, references);
        var scores = references.Select(reference => Score(prediction, reference)).ToArray();
        for (var type = 0; type < _sums.Length; type++)
            _sums[type] += scores.Max(score => score[type]);
        _examples++;
    }

    /// <inheritdoc/>
    public IReadOnlyList<MetricValue> Compute()
        => [.. Types.Zip(_sums, (type, sum) => new MetricValue(_useStemmer ? type + "_stemmed" : type, _examples == 0 ? 0 : 100 * sum / _examples))];

    private double[] Score(string prediction, string reference)
    {
        var (predicted, expected) = (Tokenize(prediction), Tokenize(reference));
        return
        [
            Overlap(predicted, expected, order: 1),
            Overlap(predicted, expected, order: 2),
            PrecisionRecallF1.From(LongestCommonSubsequence.Length(expected, predicted), predicted.Length, expected.Length).F1,
            OverLines(Lines(prediction), Lines(reference)),
        ];
    }

    private static double Overlap(string[] predicted, string[] expected, int order)
    {
        var (predictedRuns, expectedRuns) = (NGrams.Count(predicted, order), NGrams.Count(expected, order));
        return PrecisionRecallF1.From(NGrams.Overlap(predictedRuns, expectedRuns), predictedRuns.Values.Sum(), expectedRuns.Values.Sum()).F1;
    }

    /// <summary>F1 of the words that the union of the common subsequences of a reference line with all predicted lines takes.</summary>
    private static double OverLines(string[][] predicted, string[][] expected)
    {
        // A word counts at most as often as it stands in the prediction, as in ROUGE 1.5.5; the paper would count it again for every line.
        // (No such limit is needed for the reference, each place of which is taken once.)
        var left = NGrams.Count([.. predicted.SelectMany(line => line)], order: 1);
        var matched = 0;
        foreach (var line in expected)
        {
            foreach (var place in predicted.SelectMany(other => LongestCommonSubsequence.Places(line, other)).Distinct())
            {
                var count = left.GetValueOrDefault(line[place]);
                left[line[place]] = Math.Max(0, count - 1);
                matched += count > 0 ? 1 : 0;
            }
        }

        return PrecisionRecallF1.From(matched, predicted.Sum(line => line.Length), expected.Sum(line => line.Length)).F1;
    }

    private string[][] Lines(string text) => [.. text.Split('\n').Select(Tokenize)];

    private string[] Tokenize(string text) => RougeTokenizer.Tokenize(text, _useStemmer);
}
