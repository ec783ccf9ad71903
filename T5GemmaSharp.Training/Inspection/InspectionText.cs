using System.Globalization;
using System.Text;

namespace T5GemmaSharp.Training.Inspection;

/// <summary>Writes an inspection for a person.</summary>
internal static class InspectionText
{
    public static string Write(CheckpointInspection inspection)
    {
        var text = new StringBuilder();
        text.AppendLine(inspection.Config.ToJson());
        var width = inspection.Tensors.Select(tensor => tensor.Name.Length).DefaultIfEmpty().Max();
        foreach (var tensor in inspection.Tensors)
            text.AppendLine($"{tensor.Name.PadRight(width)}  {tensor.DType,-8}  [{string.Join(", ", tensor.Shape)}]");
        var memory = inspection.Memory;
        text.AppendLine();
        text.AppendLine(CultureInfo.InvariantCulture, $"{inspection.Architecture}: {inspection.ParameterCount:N0} parameters, {inspection.Tensors.Count} stored tensors");
        text.AppendLine($"weights: {ByteSize.Describe(memory.BFloat16Weights)} in bfloat16, {ByteSize.Describe(memory.Float32Weights)} in float32; training with AdamW in float32: {ByteSize.Describe(memory.Float32Training)}, activations aside");
        if (inspection.Config.Quantization is { } quantization)
            text.AppendLine($"quantized: the decoder's matrices are stored as {quantization}, in less memory than that");
        text.AppendLine($"cache in bfloat16: {ByteSize.Describe(memory.BFloat16CachePerTargetToken)} a target token, {ByteSize.Describe(memory.BFloat16CachePerSourceToken)} a source token");
        return text.Append("keys: ").Append(inspection.Report).ToString();
    }
}
