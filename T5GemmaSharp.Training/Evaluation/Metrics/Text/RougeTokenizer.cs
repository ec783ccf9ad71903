using System.Text.RegularExpressions;

namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>The words that rouge_score compares: runs of ASCII letters and digits, lowercased, stemmed on request.</summary>
internal static partial class RougeTokenizer
{
    private const int LongestUnstemmed = 3;

    /// <summary>Splits a text.</summary>
    public static string[] Tokenize(string text, bool useStemmer)
    {
        var words = Separators().Split(PythonText.Lower(text)).Where(word => word.Length > 0);
        return [.. useStemmer ? words.Select(word => word.Length > LongestUnstemmed ? PorterStemmer.Stem(word) : word) : words];
    }

    [GeneratedRegex("[^a-z0-9]+", RegexOptions.CultureInvariant)]
    private static partial Regex Separators();
}
