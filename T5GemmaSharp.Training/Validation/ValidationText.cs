using System.Globalization;
using System.Text;
using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Training.Validation;

/// <summary>Writes a report for a person.</summary>
internal static class ValidationText
{
    private const int ShownLabels = 50;
    private const int ShownCharacters = 1000;

    public static string Write(ValidationReport report)
    {
        var text = new StringBuilder();
        var statistics = report.Statistics;
        text.AppendLine(CultureInfo.InvariantCulture, $"{report.Unit}: {report.Count}, of {statistics.Read} read ({statistics.Dropped} left out)");
        text.AppendLine("tokens       count      mean   min   50%   90%   95%   99%   max  cut");
        WriteLengths(text, "source", statistics.SourceLengths, report.SourceCutRate);
        if (statistics.TargetLengths.Count > 0)
            WriteLengths(text, "target", statistics.TargetLengths, report.TargetCutRate);
        if (report.Labels is { } labels)
            WriteLabels(text, labels);
        foreach (var sample in report.Samples)
        {
            text.AppendLine().AppendLine(CultureInfo.InvariantCulture, $"--- example {sample.Index}").AppendLine(Shorten(sample.Source));
            if (sample.Target is not null)
                text.Append("--> ").AppendLine(Shorten(sample.Target));
        }

        return text.AppendLine().Append("fingerprint: ").Append(report.Fingerprint).ToString();
    }

    private static void WriteLengths(StringBuilder text, string name, LengthCounts lengths, double cutRate)
    {
        text.Append(CultureInfo.InvariantCulture, $"{name,-8}{lengths.Count,10}{lengths.Mean,10:F1}");
        foreach (var share in ValidationReport.Shares)
            text.Append(CultureInfo.InvariantCulture, $"{lengths.Percentile(share),6}");
        text.AppendLine(CultureInfo.InvariantCulture, $"  {cutRate:P1}");
    }

    private static void WriteLabels(StringBuilder text, IReadOnlyList<(string Label, long Count)> labels)
    {
        var total = Math.Max(1, labels.Sum(label => label.Count));
        var width = labels.Take(ShownLabels).Max(label => label.Label.Length);
        foreach (var (label, count) in labels.Take(ShownLabels))
            text.AppendLine(CultureInfo.InvariantCulture, $"{label.PadRight(width)}  {count,10}  {(double)count / total,6:P1}");
        if (labels.Count > ShownLabels)
            text.AppendLine(CultureInfo.InvariantCulture, $"and {labels.Count - ShownLabels} more; --json has all");
    }

    private static string Shorten(string text) => text.Length <= ShownCharacters ? text : $"{text[..ShownCharacters]}... ({text.Length} characters)";
}
