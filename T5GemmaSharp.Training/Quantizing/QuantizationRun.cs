using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Formats;
using T5GemmaSharp.Training.Checkpointing;
using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Training.Quantizing;

/// <summary>Quantizes a model of a folder, tells what that saves and loses, and writes it where that is asked for.</summary>
internal static class QuantizationRun
{
    /// <summary>Runs the request.</summary>
    /// <returns>The exit code.</returns>
    public static int Run(QuantizationRequest request)
    {
        using var interruption = new Interruption();
        var tokenizer = T5GemmaTokenizer.FromPretrained(request.Model);
        var data = AccuracyData.Read(request, tokenizer, interruption.Token); // first: a fault in it costs no loading of the model
        if (request.Output is { } folder)
            return OutputFolder.Fill(folder, QuantizeCommand.Name, () => Quantize(request, data, interruption.Token));
        Quantize(request, data, interruption.Token);
        return ExitCode.Done;
    }

    private static void Quantize(QuantizationRequest request, AccuracyData? data, CancellationToken cancellation)
    {
        using var model = Load(request);
        var before = data?.Measure(model, cancellation);
        var report = model.Quantize(request.Quantization);
        var after = data?.Measure(model, cancellation);
        if (request.Output is { } output)
            AtomicFolder.Write(output, temporary => Save(model, request.Model, temporary));
        Console.WriteLine(request.WritesJson ? QuantizationText.Json(report, before, after) : QuantizationText.Lines(report, before, after));
    }

    private static T5GemmaForConditionalGeneration Load(QuantizationRequest request)
    {
        var device = SharedOptions.ResolveDevice(request.Device);
        var dtype = request.DType == "auto" ? null : SharedOptions.ResolveDType(request.DType, device);
        var model = T5GemmaForConditionalGeneration.FromPretrained(request.Model, new PretrainedOptions { Device = device, DType = dtype });
        if (model.Quantization is not { } stored)
            return model;
        model.Dispose();
        throw new NotSupportedException($"{request.Model}: expected weights that are not quantized, got {stored}, which lose more if they are rounded again");
    }

    private static void Save(T5GemmaForConditionalGeneration model, string source, string target)
    {
        model.SavePretrained(target);
        if (TokenizerFiles.AreIn(source))
            TokenizerFiles.Of(source).SaveTo(target);
    }
}
