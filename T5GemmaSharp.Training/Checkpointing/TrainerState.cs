using System.Text.Json;
using T5GemmaSharp.Training.Logging;

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
                ReportJson.Write(json, report);
            foreach (var report in state.Evaluations)
                ReportJson.Write(json, report);
            json.WriteEndArray();
            json.WriteEndObject();
        }

        stream.Flush(flushToDisk: true);
    }
}
