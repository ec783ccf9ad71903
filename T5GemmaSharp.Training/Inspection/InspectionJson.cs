using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>Writes an inspection as one line of JSON, names in snake_case as in the checkpoint's own files.</summary>
internal static class InspectionJson
{
    public static string Write(CheckpointInspection inspection)
    {
        using var stream = new MemoryStream();
        using (var json = new Utf8JsonWriter(stream, new JsonWriterOptions { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }))
        {
            json.WriteStartObject();
            json.WriteString("folder", inspection.Folder);
            json.WriteString("architecture", inspection.Architecture);
            json.WriteNumber("parameter_count", inspection.ParameterCount);
            WriteMemory(json, inspection.Memory);
            WriteKeys(json, inspection);
            json.WriteStartArray("tensors");
            foreach (var tensor in inspection.Tensors)
                WriteTensor(json, tensor);
            json.WriteEndArray();
            json.WritePropertyName("config");
            using var config = JsonDocument.Parse(inspection.Config.ToJson());
            config.WriteTo(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(stream.ToArray());
    }

    private static void WriteMemory(Utf8JsonWriter json, MemoryNeed memory)
    {
        json.WriteStartObject("memory_in_bytes");
        json.WriteNumber("bfloat16_weights", memory.BFloat16Weights);
        json.WriteNumber("float32_weights", memory.Float32Weights);
        json.WriteNumber("float32_training", memory.Float32Training);
        json.WriteNumber("bfloat16_cache_per_target_token", memory.BFloat16CachePerTargetToken);
        json.WriteNumber("bfloat16_cache_per_source_token", memory.BFloat16CachePerSourceToken);
        json.WriteEndObject();
    }

    private static void WriteKeys(Utf8JsonWriter json, CheckpointInspection inspection)
    {
        json.WriteStartObject("keys");
        json.WriteNumber("loaded", inspection.Report.LoadedCount);
        WriteList(json, "missing", inspection.Report.MissingKeys);
        WriteList(json, "unexpected", inspection.Report.UnexpectedKeys);
        WriteList(json, "mismatched", inspection.Report.ShapeMismatches.Select(mismatch => mismatch.ToString()).Concat(inspection.Report.DTypeMismatches.Select(mismatch => mismatch.ToString())));
        json.WriteEndObject();
    }

    private static void WriteTensor(Utf8JsonWriter json, TensorSummary tensor)
    {
        json.WriteStartObject();
        json.WriteString("name", tensor.Name);
        json.WriteStartArray("shape");
        foreach (var size in tensor.Shape)
            json.WriteNumberValue(size);
        json.WriteEndArray();
        json.WriteString("dtype", tensor.DType);
        json.WriteEndObject();
    }

    private static void WriteList(Utf8JsonWriter json, string name, IEnumerable<string> items)
    {
        json.WriteStartArray(name);
        foreach (var item in items)
            json.WriteStringValue(item);
        json.WriteEndArray();
    }
}
