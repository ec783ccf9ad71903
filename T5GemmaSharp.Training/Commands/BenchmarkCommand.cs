using System.CommandLine;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Benchmarking;
using TorchSharp;

namespace T5GemmaSharp.Training.Commands;

/// <summary>The verb <c>benchmark</c>: times of encoding, decoding, training and loading.</summary>
internal static class BenchmarkCommand
{
    private const int DefaultBatch = 1;
    private const int DefaultSourceLength = 512;
    private const int DefaultNewTokens = 64;
    private const int DefaultNumBeams = 1;
    private const int DefaultWarmup = 1;
    private const int DefaultRepeats = 5;
    private const string DefaultCache = "dynamic";

    private static readonly Argument<BenchmarkKind> Kind = new("what")
    {
        Description = "encode: the encoder reads a batch. decode: prefill and steps of a generation that no end token ends. train: optimizer steps of AdamW. load: loading a folder, and the first encoding after it.",
    };

    private static readonly Option<string?> Model = new("--model") { Description = "Folder of the model.", HelpName = "DIR" };
    private static readonly Option<string?> Preset = CreatePreset();
    private static readonly Option<int?> Batch = NumberOption.Create<int>("--batch", $"Texts of a batch. Default {DefaultBatch}.", least: 1);
    private static readonly Option<int?> SourceLength = NumberOption.Create<int>("--source-length", $"Tokens of each text. Default {DefaultSourceLength}.", least: 1);
    private static readonly Option<int?> NewTokens = NumberOption.Create<int>("--new-tokens", $"decode: tokens to generate, at least 2. Default {DefaultNewTokens}.", least: 2);
    private static readonly Option<int?> TargetLength = NumberOption.Create<int>("--target-length", "train: tokens of each answer. Default: as many as the text has.", least: 1);
    private static readonly Option<int?> MicroBatch = NumberOption.Create<int>("--micro-batch-size", "train: pairs that go through the model together. Default: all.", least: 1);
    private static readonly Option<bool> Segmented = new("--gradient-checkpointing") { Description = "train: compute layers again in the backward pass." };
    private static readonly Option<bool> ReleaseGradients = new("--release-gradients") { Description = "train: with --gradient-checkpointing, update each layer as soon as its gradients are there, without clipping." };
    private static readonly Option<int?> LoraRank = NumberOption.Create<int>("--lora-r", "train: an adapter of this rank, not the model.", least: 1);
    private static readonly Option<int?> NumBeams = NumberOption.Create<int>("--num-beams", $"decode: beams. Default {DefaultNumBeams}.", least: 1);
    private static readonly Option<bool> Samples = new("--do-sample") { Description = "decode: draw tokens (temperature 0.8, top-k 50, top-p 0.95) instead of taking the most probable ones." };
    private static readonly Option<string> Cache = CreateCache();
    private static readonly Option<AttentionImplementation> Attention = new("--attention") { Description = "How attention is computed." };
    private static readonly Option<int?> Threads = NumberOption.Create<int>("--threads", "Threads of torch's operators on the CPU. Default: torch's choice.", least: 1);
    private static readonly Option<int?> Warmup = NumberOption.Create<int>("--warmup", $"Runs before the counted ones. Default {DefaultWarmup}.", least: 0);
    private static readonly Option<int?> Repeats = NumberOption.Create<int>("--repeats", $"Counted runs. Default {DefaultRepeats}.", least: 1);
    private static readonly Option<string> Device = SharedOptions.Device();
    private static readonly Option<string> DType = SharedOptions.DType();
    private static readonly Option<string?> Quantize = SharedOptions.Quantize();
    private static readonly Option<bool> Json = SharedOptions.Json();

    public static Command Create()
    {
        var command = new Command("benchmark", "Measures encoding, decoding, training or loading; scripts/benchmark.py measures the same on transformers.")
        {
            Kind, Model, Preset, Batch, SourceLength, NewTokens, NumBeams, Samples, TargetLength, MicroBatch, Segmented, ReleaseGradients, LoraRank, Cache, Attention, Threads, Warmup, Repeats, Device, DType, Quantize, Json,
        };
        command.SetTorchAction(Run);
        return command;
    }

    private static Option<string?> CreatePreset()
    {
        var option = new Option<string?>("--preset") { Description = "In place of a folder: random weights of a published model's shapes. Written to a temporary folder for load." };
        option.AcceptOnlyFromAmong([.. PublishedShapes.Names]);
        return option;
    }

    private static Option<string> CreateCache()
    {
        var option = new Option<string>("--cache") { Description = "decode: kind of cache.", DefaultValueFactory = _ => DefaultCache };
        option.AcceptOnlyFromAmong("dynamic", "static");
        return option;
    }

    private static int Run(ParseResult result)
    {
        var settings = Read(result);
        using var interruption = new Interruption();
        if (result.GetValue(Threads) is { } threads)
            torch.set_num_threads(threads);
        var found = Benchmarks.Run(settings, interruption.Token);
        Console.WriteLine(result.GetValue(Json) ? BenchmarkReport.Json(settings, found) : BenchmarkReport.Text(settings, found));
        return ExitCode.Done;
    }

    private static BenchmarkSettings Read(ParseResult result)
    {
        var (folder, preset) = (result.GetValue(Model), result.GetValue(Preset));
        if (folder is null == preset is null)
            throw new UsageException($"{Model.Name}, {Preset.Name}: expected one of them, got {(folder is null ? "neither" : "both")}");
        if (result.GetValue(Quantize) is not null && result.GetValue(Kind) == BenchmarkKind.Train)
            throw new UsageException($"{Quantize.Name}: expected without train, since quantized weights cannot be trained");
        var device = SharedOptions.ResolveDevice(result.GetRequiredValue(Device));
        return new BenchmarkSettings
        {
            Kind = result.GetValue(Kind),
            Folder = folder,
            Preset = preset,
            Device = device,
            DType = SharedOptions.ResolveDType(result.GetRequiredValue(DType), device),
            Quantization = SharedOptions.ResolveQuantization(result.GetValue(Quantize)),
            Attention = result.GetValue(Attention),
            Cache = result.GetRequiredValue(Cache),
            Batch = result.GetValue(Batch) ?? DefaultBatch,
            SourceLength = result.GetValue(SourceLength) ?? DefaultSourceLength,
            NewTokens = result.GetValue(NewTokens) ?? DefaultNewTokens,
            TargetLength = result.GetValue(TargetLength) ?? result.GetValue(SourceLength) ?? DefaultSourceLength,
            MicroBatch = result.GetValue(MicroBatch),
            IsSegmented = result.GetValue(Segmented),
            ReleasesGradients = result.GetValue(ReleaseGradients),
            LoraRank = result.GetValue(LoraRank),
            NumBeams = result.GetValue(NumBeams) ?? DefaultNumBeams,
            Samples = result.GetValue(Samples),
            Warmup = result.GetValue(Warmup) ?? DefaultWarmup,
            Repeats = result.GetValue(Repeats) ?? DefaultRepeats,
        };
    }
}
