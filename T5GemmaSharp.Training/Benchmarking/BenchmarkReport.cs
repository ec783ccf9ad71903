using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using T5GemmaSharp.Interop;
using TorchSharp;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>Shows a result, with everything that is needed to repeat it. scripts/benchmark.py writes the same fields.</summary>
internal static class BenchmarkReport
{
    private static readonly JsonSerializerOptions JsonOptions = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    /// <summary>One line of JSON.</summary>
    public static string Json(BenchmarkSettings settings, BenchmarkResult result) => JsonSerializer.Serialize(
        new
        {
            Benchmark = settings.Kind.ToString().ToLowerInvariant(),
            Machine = new { Machine.Processor, Cores = Environment.ProcessorCount, Machine.System, Device = Machine.DeviceName(settings.Device) },
            Versions = new { Program = ProgramVersion, Runtime = RuntimeInformation.FrameworkDescription, Torch = TorchVersion, Driver = Machine.Driver(settings.Device), Cuda = Machine.Cuda(settings.Device), Nvrtc = Machine.Nvrtc(settings.Device) },
            Model = new { Name = ModelName(settings), result.Model.Parameters },
            Settings = new
            {
                Device = settings.Device.type.ToString().ToLowerInvariant(),
                Dtype = result.Model.DType,
                result.Model.Quantization,
                Attention = settings.Attention.ToString().ToLowerInvariant(),
                settings.Cache,
                Compile = false,
                settings.Batch,
                settings.SourceLength,
                settings.NewTokens,
                settings.NumBeams,
                DoSample = settings.Samples,
                settings.TargetLength,
                MicroBatch = settings.MicroBatch ?? settings.Batch,
                GradientCheckpointing = settings.IsSegmented,
                ReleaseGradients = settings.ReleasesGradients,
                LoraR = settings.LoraRank,
                Threads = torch.get_num_threads(),
                settings.Warmup,
                settings.Repeats,
            },
            Encoding = result.Encoding is { } encoding ? new { encoding.Engine, encoding.Reason } : null,
            Decoding = result.Route is { } route ? new { Engine = $"{route.Engine}", route.Reason } : null,
            result.Seconds,
            result.Rates,
        },
        JsonOptions);

    /// <summary>Lines for a person.</summary>
    public static string Text(BenchmarkSettings settings, BenchmarkResult result)
    {
        var text = new StringBuilder();
        text.Append(CultureInfo.InvariantCulture, $"{ModelName(settings)}, {result.Model.Parameters} parameters, {result.Model.DType}{(result.Model.Quantization is { } quantization ? $", decoder {quantization}" : "")}, attention {settings.Attention.ToString().ToLowerInvariant()}, {Machine.DeviceName(settings.Device)}, {torch.get_num_threads()} threads\n");
        text.Append(CultureInfo.InvariantCulture, $"{ProgramVersion}, {RuntimeInformation.FrameworkDescription}, torch {TorchVersion}{Machine.CudaVersions(settings.Device)}\n");
        text.Append(CultureInfo.InvariantCulture, $"batch {settings.Batch}, source {settings.SourceLength} tokens");
        if (settings.Kind == BenchmarkKind.Decode)
            text.Append(CultureInfo.InvariantCulture, $", {settings.NewTokens} new tokens, {settings.NumBeams} beams{(settings.Samples ? ", drawn" : "")}, {settings.Cache} cache");
        if (settings.Kind == BenchmarkKind.Train)
            text.Append(CultureInfo.InvariantCulture, $", target {settings.TargetLength} tokens, {settings.MicroBatch ?? settings.Batch} together{(settings.IsSegmented ? ", layers computed again" : "")}{(settings.ReleasesGradients ? ", gradients released" : "")}{(settings.LoraRank is { } rank ? $", LoRA of rank {rank}" : "")}");
        text.Append(CultureInfo.InvariantCulture, $"; median (min to max) of {settings.Repeats} runs after {settings.Warmup}\n");
        if (result.Encoding is { } encoding)
            text.Append(CultureInfo.InvariantCulture, $"  encoding by {encoding}\n");
        if (result.Route is { } route)
            text.Append(CultureInfo.InvariantCulture, $"  decoding by {route}\n");
        foreach (var (name, time) in result.Seconds)
            text.Append(CultureInfo.InvariantCulture, $"  {name,-26}{time.Median,12:F4} s ({time.Min:F4} to {time.Max:F4})\n");
        foreach (var (name, rate) in result.Rates)
            text.Append(CultureInfo.InvariantCulture, $"  {name,-26}{rate,12:G6}\n");
        return text.ToString().TrimEnd();
    }

    private static string ModelName(BenchmarkSettings settings) => settings.Preset ?? settings.Folder!; // one of them is given

    private static string ProgramVersion
        => $"T5GemmaSharp {typeof(T5GemmaConfig).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion.Split('+')[0]}";

    private static string TorchVersion => $"{TorchNative.Describe().Version}";
}
