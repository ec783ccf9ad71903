using System.Globalization;
using System.Text;
using T5GemmaSharp.Quantization;
using T5GemmaSharp.Training.Logging;

namespace T5GemmaSharp.Training.Quantizing;

/// <summary>Shows what quantization saved and lost.</summary>
internal static class QuantizationText
{
    private const double MebiByte = 1 << 20;

    /// <summary>Lines for a person.</summary>
    /// <param name="report">Of the weights.</param>
    /// <param name="before">Of the model before; null: it was not measured.</param>
    /// <param name="after">Of the quantized model; null: it was not measured.</param>
    public static string Lines(QuantizationReport report, MeasuredAccuracy? before, MeasuredAccuracy? after)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{report.Quantization}: {report.Weights.Count} matrices of {report.BytesBefore / MebiByte:F1} MiB in {report.BytesAfter / MebiByte:F1} MiB\n");
        text.Append(CultureInfo.InvariantCulture, $"relative error of the weights: mean {report.MeanRelativeError:P2}, most {report.Worst.RelativeError:P2} ({report.Worst.Name})\n");
        if (before is null || after is null)
            return text.ToString().TrimEnd();
        foreach (var (name, value) in before.Values)
            text.Append(CultureInfo.InvariantCulture, $"{name.Replace('_', ' ')} {value:0.#####} -> {after.Values[name]:0.#####}\n");
        var agreement = AnswerAgreement.Of(before.Answers, after.Answers);
        text.Append(CultureInfo.InvariantCulture, $"greedy answers: {agreement.Same:P2} of {before.Answers.Count} equal, {agreement.Common:P2} of their tokens before a first difference");
        return text.ToString();
    }

    /// <summary>One line of JSON.</summary>
    /// <inheritdoc cref="Lines" path="/param"/>
    public static string Json(QuantizationReport report, MeasuredAccuracy? before, MeasuredAccuracy? after) => JsonText.Line(json =>
    {
        json.WriteString("quantization", $"{report.Quantization}");
        json.WriteNumber("bytes_before", report.BytesBefore);
        json.WriteNumber("bytes_after", report.BytesAfter);
        json.WriteFinite("weight_error_mean", report.MeanRelativeError);
        json.WriteFinite("weight_error_most", report.Worst.RelativeError);
        json.WriteString("weight_error_most_of", report.Worst.Name);
        if (before is null || after is null)
            return;
        foreach (var (name, value) in before.Values)
            json.WriteFinite($"{name}_before", value); // a perplexity may be infinite
        foreach (var (name, value) in after.Values)
            json.WriteFinite($"{name}_after", value);
        var agreement = AnswerAgreement.Of(before.Answers, after.Answers);
        json.WriteFinite("same_answers", agreement.Same);
        json.WriteFinite("common_tokens", agreement.Common);
        json.WriteNumber("answers", before.Answers.Count);
    });
}
