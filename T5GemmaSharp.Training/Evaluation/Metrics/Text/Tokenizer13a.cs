using System.Text.RegularExpressions;

namespace T5GemmaSharp.Training.Evaluation.Metrics.Text;

/// <summary>The tokens of mteval-v13a, sacreBLEU's default: symbols stand alone, points and commas unless between digits.</summary>
internal static partial class Tokenizer13a
{
    /// <summary>Splits a segment.</summary>
    public static string[] Tokenize(string segment)
    {
        // The order of the replacements is mteval's: "&amp;lt;" becomes "<".
        var text = PythonText.TrimEnd(segment)
            .Replace("<skipped>", "", StringComparison.Ordinal)
            .Replace("-\n", "", StringComparison.Ordinal)
            .Replace('\n', ' ')
            .Replace("&quot;", "\"", StringComparison.Ordinal)
            .Replace("&amp;", "&", StringComparison.Ordinal)
            .Replace("&lt;", "<", StringComparison.Ordinal)
            .Replace("&gt;", ">", StringComparison.Ordinal);
        text = Symbols().Replace($" {text} ", " $1 ");
        text = PointAfterOther().Replace(text, "$1 $2 ");
        text = PointBeforeOther().Replace(text, " $1 $2");
        text = DashAfterDigit().Replace(text, "$1 $2 ");
        return PythonText.Split(text);
    }

    /// <summary>ASCII's punctuation and blank, without the apostrophe, the comma, the dash and the point.</summary>
    [GeneratedRegex(@"([{-~\[-` -&(-+:-@/])", RegexOptions.CultureInvariant)]
    private static partial Regex Symbols();

    [GeneratedRegex("([^0-9])([.,])", RegexOptions.CultureInvariant)]
    private static partial Regex PointAfterOther();

    [GeneratedRegex("([.,])([^0-9])", RegexOptions.CultureInvariant)]
    private static partial Regex PointBeforeOther();

    [GeneratedRegex("([0-9])(-)", RegexOptions.CultureInvariant)]
    private static partial Regex DashAfterDigit();
}
