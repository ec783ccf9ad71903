using System.Text.Json;

namespace T5GemmaSharp.Training.Logging;

/// <summary>Reports as JSON objects, under the names of Hugging Face's <c>log_history</c>.</summary>
internal static class ReportJson
{
    public static void Write(Utf8JsonWriter json, StepReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("step", report.Step);
        json.WriteNumber("epoch", report.Epoch);
        foreach (var (name, value) in report.Values())
            json.WriteFinite(name, value);
        json.WriteEndObject();
    }

    public static void Write(Utf8JsonWriter json, EvaluationReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("step", report.Step);
        foreach (var (name, value) in report.Values)
            json.WriteFinite($"eval_{name}", value);
        json.WriteEndObject();
    }
}
