using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Training.Validation;

/// <summary>Writes a report as one line of JSON.</summary>
internal static class ValidationJson
{
    public static string Write(ValidationReport report)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("unit", report.Unit);
            json.WriteNumber("count", report.Count);
            json.WriteNumber("read", report.Statistics.Read);
            json.WriteNumber("dropped", report.Statistics.Dropped);
            WriteLengths(json, "source", report.Statistics.SourceLengths, report.Statistics.CutSources);
            if (report.Statistics.TargetLengths.Count > 0)
                WriteLengths(json, "target", report.Statistics.TargetLengths, report.Statistics.CutTargets);
            WriteLabels(json, report.Labels);
            WriteSamples(json, report.Samples);
            json.WriteString("fingerprint", report.Fingerprint);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }

    private static void WriteLengths(Utf8JsonWriter json, string name, LengthCounts lengths, long cut)
    {
        json.WriteStartObject(name);
        json.WriteNumber("mean", lengths.Mean);
        foreach (var share in ValidationReport.Shares)
            json.WriteNumber($"p{share * 100:0}", lengths.Percentile(share));
        json.WriteNumber("cut", cut);
        json.WriteEndObject();
    }

    private static void WriteLabels(Utf8JsonWriter json, IReadOnlyList<(string Label, long Count)>? labels)
    {
        if (labels is null)
            return;
        json.WriteStartObject("labels");
        foreach (var (label, count) in labels)
            json.WriteNumber(label, count);
        json.WriteEndObject();
    }

    private static void WriteSamples(Utf8JsonWriter json, IReadOnlyList<ValidationSample> samples)
    {
        json.WriteStartArray("samples");
        foreach (var sample in samples)
        {
            json.WriteStartObject();
            json.WriteNumber("index", sample.Index);
            json.WriteString("source", sample.Source);
            if (sample.Target is not null)
                json.WriteString("target", sample.Target);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }
}
