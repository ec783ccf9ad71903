using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Training.Evaluation;

/// <summary>Counts errors of predicted pronunciations against all that a dictionary lists.</summary>
public sealed class PronunciationErrors : IMetric
{
    private long _edits;
    private long _referencePhonemes;
    private int _wrongWords;

    /// <summary>Words counted.</summary>
    public int Words { get; private set; }

    /// <summary>Share of words whose prediction equals none of their pronunciations, 0 to 1.</summary>
    public double WordErrorRate => Words == 0 ? 0 : (double)_wrongWords / Words;

    /// <summary>Sum of the edit distances over the sum of the reference lengths; each word counts against its nearest pronunciation, the first listed of equally near ones.</summary>
    public double PhonemeErrorRate => _referencePhonemes == 0 ? 0 : (double)_edits / _referencePhonemes;

    /// <summary>Counts one word.</summary>
    /// <param name="prediction">Phonemes parted by spaces.</param>
    /// <param name="references">The right answers, each phonemes parted by spaces.</param>
    /// <exception cref="ArgumentException">There is no right answer.</exception>
    public void Add(string prediction, IReadOnlyList<string> references)
    {
        References.Check(prediction, references);
        var predicted = Split(prediction);
        var (edits, length) = references
            .Select(Split)
            .Select(reference => (Edits: EditDistance.Between(predicted, reference), reference.Length))
            .MinBy(pair => pair.Edits);
        _edits += edits;
        _referencePhonemes += length;
        _wrongWords += edits > 0 ? 1 : 0;
        Words++;
    }

    /// <inheritdoc/>
    public IReadOnlyList<MetricValue> Compute() => [new("word_error_rate", WordErrorRate), new("phoneme_error_rate", PhonemeErrorRate)];

    private static string[] Split(string phonemes) => phonemes.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
