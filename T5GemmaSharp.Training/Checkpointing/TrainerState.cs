using System.Text.Json;

namespace T5GemmaSharp.Training.Checkpointing;

/// <summary>Writes a run's history in the shape of Hugging Face's <c>trainer_state.json</c>.</summary>
public static class TrainerState
{
    /// <summary>Name of the file.</summary>
    public const string FileName = "trainer_state.json";

    /// <summary>Writes the file.</summary>
    /// <param name="folder">A folder that is not visible yet, see <see cref="AtomicFolder"/>.</param>
    /// <param name="state">Where the run stands.</param>
    /// <param name="options">Its settings.</param>
    public static void Write(string folder, RunState state, TrainingOptions options)
    {
        ArgumentNullException.ThrowIfNull(state);
        ArgumentNullException.ThrowIfNull(options);
        using var stream = File.Create(Path.Combine(folder, FileName));
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteNumber("global_step", state.Step);
            json.WriteNumber("epoch", state.Epochs);
            json.WriteNumber("max_steps", options.Steps);
            json.WriteNumber("train_batch_size", options.BatchSize);
            json.WriteNumber("seed", options.Seed);
            json.WriteStartArray("log_history");
            foreach (var report in state.Reports)
                Write(json, report);
            foreach (var report in state.Evaluations)
                Write(json, report);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.Flush(flushToDisk: true);
    }

    private static void Write(Utf8JsonWriter json, StepReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("step", report.Step);
        json.WriteNumber("epoch", report.Epoch);
        WriteFinite(json, "loss", report.Loss);
        WriteFinite(json, "grad_norm", report.GradientNorm);
        json.WriteNumber("learning_rate", report.LearningRate);
        json.WriteNumber("tokens_per_second", report.TokensPerSecond);
        json.WriteNumber("padding", report.Padding);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, EvaluationReport report)
    {
        json.WriteStartObject();
        json.WriteNumber("step", report.Step);
        foreach (var (name, value) in report.Values)
            WriteFinite(json, $"eval_{name}", value);
        json.WriteEndObject();
    }

    // JSON has no NaN and no infinity.
    private static void WriteFinite(Utf8JsonWriter json, string name, double value)
    {
        if (double.IsFinite(value))
            json.WriteNumber(name, value);
        else
            json.WriteNull(name);
    }
}
