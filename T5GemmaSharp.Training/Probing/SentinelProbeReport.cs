using System.Globalization;
using System.Text;
using System.Text.Json;

namespace T5GemmaSharp.Training.Probing;

/// <summary>The conventions, the most likely first.</summary>
/// <param name="Passages">Number of passages.</param>
/// <param name="Targets">Their target tokens.</param>
/// <param name="Scores">The scores.</param>
internal sealed record SentinelProbeReport(int Passages, long Targets, IReadOnlyList<SentinelScore> Scores)
{
    /// <summary>The report for a person.</summary>
    public string ToText()
    {
        var text = new StringBuilder($"{Passages} passages, {Targets} target tokens; nats a token, the least is the likeliest:");
        foreach (var score in Scores)
            text.Append(CultureInfo.InvariantCulture, $"\n{score.Loss,10:F4}  {score.Convention}{(score.HasModes ? ", with mode tokens" : "")}");
        return text.ToString();
    }

    /// <summary>The report for a program, on one line.</summary>
    public string ToJson()
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream))
        {
            json.WriteStartObject();
            json.WriteNumber("passages", Passages);
            json.WriteNumber("targets", Targets);
            json.WriteStartArray("conventions");
            foreach (var score in Scores)
            {
                json.WriteStartObject();
                json.WriteString("name", score.Convention);
                json.WriteBoolean("modes", score.HasModes);
                json.WriteNumber("nll", score.Loss);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
