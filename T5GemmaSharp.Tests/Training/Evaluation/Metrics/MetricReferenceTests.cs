using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Training.Evaluation.Metrics;

namespace T5GemmaSharp.Tests.Training.Evaluation.Metrics;

/// <summary>Replays what the reference tools computed, if <c>scripts/export_metrics.py</c> was run where they are installed.</summary>
public sealed class MetricReferenceTests
{
    private const string FileVariable = "T5GEMMA_METRICS_FILE";
    private const int FormatVersion = 1;
    private const double Float64Tolerance = 1e-9;
    private const double Float32Tolerance = 5e-5; // four units in the last place of 100

    [Test]
    public void Compute_CasesOfTheReferenceTools_GivesTheirNumbers()
    {
        using var file = JsonDocument.Parse(File.ReadAllBytes(Find()));
        Assert.That(file.RootElement.GetProperty("version").GetInt32(), Is.EqualTo(FormatVersion), "stale file: run scripts/export_metrics.py again");
        var cases = file.RootElement.GetProperty("cases").EnumerateArray().ToArray();
        Assert.That(cases, Is.Not.Empty);
        using (Assert.EnterMultipleScope())
        {
            for (var i = 0; i < cases.Length; i++)
                Replay(cases[i], i);
        }
    }

    private static void Replay(JsonElement example, int place)
    {
        var metric = MetricSet.Create([example.GetProperty("metric").GetString()!]); // the script writes a name
        foreach (var input in example.GetProperty("inputs").EnumerateArray())
            metric.Add(input[0].GetString()!, [.. input[1].EnumerateArray().Select(reference => reference.GetString()!)]); // and texts
        var values = metric.Compute().ToDictionary(value => value.Name, value => value.Value);
        var tolerance = example.GetProperty("precision").GetString() == "float32" ? Float32Tolerance : Float64Tolerance;
        foreach (var expected in example.GetProperty("expected").EnumerateObject())
            Assert.That(values[expected.Name], Is.EqualTo(expected.Value.GetDouble()).Within(tolerance), $"case {place}, {expected.Name}: {example.GetProperty("inputs").GetRawText()}");
    }

    private static string Find()
    {
        if (Environment.GetEnvironmentVariable(FileVariable) is { Length: > 0 } named)
            return File.Exists(named) ? named : throw new FileNotFoundException($"{FileVariable}: {named} does not exist");
        var committed = Path.Combine(AppContext.BaseDirectory, "Fixtures", "metrics.json");
        if (!File.Exists(committed))
            Assert.Ignore($"{committed} is not there: run python scripts/export_metrics.py where the reference tools are installed, or let {FileVariable} name its file");
        return committed;
    }
}
