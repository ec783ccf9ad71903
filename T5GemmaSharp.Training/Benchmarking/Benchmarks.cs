using T5GemmaSharp.Generation;
using T5GemmaSharp.Interop.Cuda;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Training.Benchmarking;

/// <summary>The measurements. Making the model and its inputs is never part of a time, except where loading is what is measured.</summary>
internal static class Benchmarks
{
    private const double MillisecondsPerSecond = 1000;

    private const double GibiByte = 1L << 30;
    private const double Giga = 1e9;

    public static BenchmarkResult Run(BenchmarkSettings settings, CancellationToken cancellation)
    {
        var result = Measure(settings, cancellation);
        if (settings.Device.type != DeviceType.CUDA)
            return result;
        if (DeviceMemory.Read() is { } memory)
            result.Rates["device_gib"] = memory.Used / GibiByte; // torch's allocator gives nothing back, so this is the most it held
        if (DeviceLimits.Measure(settings.Device) is { } limits)
            result.AddShares(limits);
        return result;
    }

    private static BenchmarkResult Measure(BenchmarkSettings settings, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        if (settings.Kind == BenchmarkKind.Load)
            return Load(settings, cancellation);
        using var model = BenchmarkModel.Create(settings);
        return settings.Kind switch
        {
            BenchmarkKind.Encode => Encode(settings, model, cancellation),
            BenchmarkKind.Train => TrainingBenchmark.Run(settings, model, cancellation),
            _ => Decode(settings, model, cancellation),
        };
    }

    private static BenchmarkResult Encode(BenchmarkSettings settings, T5GemmaForConditionalGeneration model, CancellationToken cancellation)
    {
        var inputs = BenchmarkModel.Inputs(settings, model.Config);
        var clock = new Stopclock(settings.Device);
        var encode = Rounds.Measure(settings, () => [clock.Seconds(() => model.Encode(inputs).Dispose())], cancellation)[0];
        var tokens = settings.Batch * settings.SourceLength;
        using var noGrad = torch.no_grad();
        var result = new BenchmarkResult
        {
            Model = ModelSummary.Of(model),
            Encoding = new EncodingRoute(model.Model.Encoder.ExplainModules(new() { InputIds = inputs.InputIds, AttentionMask = inputs.AttentionMask })),
            Seconds = { ["encode"] = encode },
            Rates = { ["encode_ms_per_token"] = MillisecondsPerSecond * encode.Median / tokens, ["encode_tokens_per_second"] = tokens / encode.Median },
        };
        result.AddFlops(ModelWork.EncodeFlops(model.Config.Encoder, settings.Batch, settings.SourceLength), encode);
        return result;
    }

    // The prefill (encoder, keys and values of cross-attention, first token) is the generation of one token; decoding is what more tokens take beyond it.
    private static BenchmarkResult Decode(BenchmarkSettings settings, T5GemmaForConditionalGeneration model, CancellationToken cancellation)
    {
        var inputs = BenchmarkModel.Inputs(settings, model.Config);
        var config = new GenerationConfig { EosTokenId = [], NumBeams = settings.NumBeams, CacheImplementation = settings.Cache, DoSample = settings.Samples, Temperature = 0.8, TopK = 50, TopP = 0.95 };
        var clock = new Stopclock(settings.Device);
        DecodingRoute? route = null;
        var times = Rounds.Measure(settings, () => [clock.Seconds(() => Generate(1)), clock.Seconds(() => Generate(settings.NewTokens))], cancellation);
        var (prefill, total) = (times[0], times[1]);
        var decode = total.After(prefill);
        var steps = settings.NewTokens - 1;
        var elementSize = (int)model.Model.Decoder.EmbedTokens.weight!.ElementSize; // an embedding has a weight
        var stepBytes = ModelWork.StepBytes(model.Config.Decoder, settings.Batch, settings.NumBeams, settings.SourceLength, settings.NewTokens, elementSize, model.Quantized?.SizeInBytes);
        return new BenchmarkResult
        {
            Model = ModelSummary.Of(model),
            Route = route,
            Seconds = { ["prefill"] = prefill, ["decode"] = decode, ["total"] = total },
            Rates =
            {
                ["decode_ms_per_token"] = MillisecondsPerSecond * decode.Median / steps,
                ["decode_tokens_per_second"] = settings.Batch * steps / decode.Median,
                ["total_tokens_per_second"] = settings.Batch * settings.NewTokens / total.Median,
                ["first_token_ms"] = MillisecondsPerSecond * prefill.Median,
                ["step_bytes"] = stepBytes,
                [BenchmarkResult.DecodeSpeed] = stepBytes * steps / decode.Median / Giga,
            },
        };

        void Generate(int newTokens)
        {
            using var scope = NewDisposeScope();
            var output = model.Generate(inputs, config with { MaxNewTokens = newTokens }, cancellationToken: cancellation);
            route = output.Route;
            if (output.Sequences.size(1) != newTokens + 1)
                throw new InvalidOperationException($"expected rows of {newTokens + 1} ids, the start token included, got {output.Sequences.size(1)}: the times would not compare");
        }
    }

    private static BenchmarkResult Load(BenchmarkSettings settings, CancellationToken cancellation)
    {
        using var written = settings.Preset is { } preset ? WrittenModel.Draw(settings, preset) : null;
        var folder = written?.Folder ?? settings.Folder!; // given where there is no preset
        var inputs = BenchmarkModel.Inputs(settings, T5GemmaConfig.FromPretrained(folder));
        var clock = new Stopclock(settings.Device);
        ModelSummary? summary = null;
        var times = Rounds.Measure(settings, LoadAndUse, cancellation);
        var bytes = Directory.GetFiles(folder, "*.safetensors").Sum(file => new FileInfo(file).Length);
        var result = new BenchmarkResult
        {
            Model = summary!, // a round has been run
            Seconds = { ["load"] = times[0], ["first_encode"] = times[1] },
            Rates = { ["checkpoint_bytes"] = bytes },
        };
        if (settings.Device.type != DeviceType.CPU) // mapped weights have not been read yet
            result.Rates["load_gb_per_second"] = bytes / times[0].Median / Giga;
        return result;

        // Mapped weights are read when they are used first.
        double[] LoadAndUse()
        {
            T5GemmaForConditionalGeneration? model = null;
            try
            {
                var load = clock.Seconds(() => model = BenchmarkModel.Load(settings, folder));
                summary = ModelSummary.Of(model!); // the line above has loaded it
                return [load, clock.Seconds(() => model!.Encode(inputs).Dispose())];
            }
            finally
            {
                model?.Dispose();
            }
        }
    }
}
