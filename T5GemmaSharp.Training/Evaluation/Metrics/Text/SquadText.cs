using System.Text.RegularExpressions;

namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>Comparison of short answers as SQuAD's evaluation does it.</summary>
internal static partial class SquadText
{
    /// <summary>1 if both answers are the same after normalisation, or else 0.</summary>
    public static double ExactMatch(string prediction, string reference) => Normalize(prediction).SequenceEqual(Normalize(reference), StringComparer.Ordinal) ? 1 : 0;

    /// <summary>F1 of the words that both answers have, 0 to 1.</summary>
    /// <remarks>Two answers without words agree, as in SQuAD 2's evaluation; that of SQuAD 1.1 gives them 0.</remarks>
    public static double F1(string prediction, string reference)
    {
        var (predicted, expected) = (Normalize(prediction), Normalize(reference));
        if (predicted.Length == 0 && expected.Length == 0)
            return 1;
        var matched = NGrams.Overlap(NGrams.Count(predicted, order: 1), NGrams.Count(expected, order: 1));
        return PrecisionRecallF1.From(matched, predicted.Length, expected.Length).F1;
    }

    /// <summary>The words in lower case, without ASCII punctuation and English articles.</summary>
    public static string[] Normalize(string answer)
        => PythonText.Split(Articles().Replace(Punctuation().Replace(PythonText.Lower(answer), ""), " "));

    [GeneratedRegex(@"[!-/:-@\[-`{-~]", RegexOptions.CultureInvariant)]
    private static partial Regex Punctuation();

    /// <summary>Articles between the word boundaries of Python, for which combining marks are no letters.</summary>
    [GeneratedRegex(@"(?<![\p{L}\p{N}_])(?:a|an|the)(?![\p{L}\p{N}_])", RegexOptions.CultureInvariant)]
    private static partial Regex Articles();
}
