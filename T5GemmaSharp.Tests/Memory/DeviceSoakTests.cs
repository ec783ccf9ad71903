using System.Diagnostics;
using System.Globalization;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Interop.Cuda;
using T5GemmaSharp.Tests.Kernels.Cuda.Decode;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Memory;

/// <summary>Minutes of requests of every kind on a GPU: memory of the device stays where the first minute left it.</summary>
public sealed class DeviceSoakTests : GpuFixture
{
    private const int LongestSource = 4096;
    private const int MostTokens = 16 * 1024; // of all sources of a request
    private const int MostNewTokens = 300;
    private const long Breathing = 64L << 20;

    private static readonly int[] Batches = [1, 1, 1, 2, 3, 5, 8, 9, 13, 32];
    private static readonly TimeSpan WarmUp = TimeSpan.FromMinutes(1);

    private readonly Random _random = new(20261124);
    private readonly SortedDictionary<string, int> _counts = new(StringComparer.Ordinal);

    [Test]
    [Explicit("Takes T5GEMMA_SOAK_SECONDS, by default six minutes.")]
    public void Generate_MixedRequests_DoNotGrow()
    {
        var duration = TimeSpan.FromSeconds(double.Parse(Environment.GetEnvironmentVariable("T5GEMMA_SOAK_SECONDS") ?? "360", CultureInfo.InvariantCulture));
        using var noGrad = torch.no_grad();
        torch.random.manual_seed(1);
        var config = DecodeCase.Config(hidden: 768, intermediate: 2048, layers: 12, heads: 12, keyHeads: 12, headDim: 64, vocab: 32000, window: 4096);
        using var model = T5GemmaForConditionalGeneration.FromConfig(config, new PretrainedOptions { DType = ScalarType.BFloat16, Device = CUDA });
        model.eval();
        foreach (var batch in Batches.Distinct().Append(4))
            Answer(model, batch, Math.Min(LongestSource, MostTokens / batch), MostNewTokens, cancels: false);

        var clock = Stopwatch.StartNew();
        var (settled, most, tensors) = (0L, 0L, 0L);
        var nextReport = TimeSpan.Zero;
        while (clock.Elapsed < duration)
        {
            var batch = Batches[_random.Next(Batches.Length)];
            var length = (int)Math.Exp(_random.NextDouble() * Math.Log(Math.Min(LongestSource, MostTokens / batch)));
            Answer(model, batch, length, _random.Next(1, MostNewTokens + 1), cancels: _random.Next(3) == 0);
            var used = DeviceMemory.Read()!.Value.Used;
            if (clock.Elapsed < WarmUp)
                (settled, tensors) = (Math.Max(settled, used), LiveTensors.Count);
            most = Math.Max(most, used);
            if (clock.Elapsed < nextReport)
                continue;
            nextReport += TimeSpan.FromSeconds(15);
            TestContext.Progress.WriteLine($"{clock.Elapsed.TotalSeconds,4:F0} s: {used / 1e6:F1} MB of the device, {LiveTensors.Count} tensors, {Environment.WorkingSet / 1e6:F0} MB resident");
        }

        TestContext.Out.WriteLine($"{clock.Elapsed.TotalSeconds:F0} s, {string.Join(", ", _counts.Select(pair => $"{pair.Value} {pair.Key}"))}; device memory: {settled / 1e6:F1} MB after the first minute, {most / 1e6:F1} MB at most");
        Assert.That(LiveTensors.Count, Is.EqualTo(tensors), "live tensors");
        Assert.That(most - settled, Is.LessThanOrEqualTo(Breathing), "growth in bytes");
    }

    private void Answer(T5GemmaForConditionalGeneration model, int batch, int length, int newTokens, bool cancels)
    {
        using var scope = NewDisposeScope();
        var inputs = new GenerationInputs
        {
            InputIds = torch.randint(3, model.Config.Encoder.VocabSize, [batch, length], dtype: ScalarType.Int64, device: CUDA),
            AttentionMask = Mask(batch, length),
        };
        var config = new GenerationConfig { MaxNewTokens = newTokens, EosTokenId = [1] };
        var (kind, settings) = _random.Next(batch > 8 ? 3 : 4) switch
        {
            0 => ("greedy", config with { DoSample = false }),
            1 => ("sampled", config with { DoSample = true, Temperature = 0.8, TopP = 0.9 }),
            2 => ("with a penalty", config with { DoSample = false, RepetitionPenalty = 1.2 }),
            _ => ("with beams", config with { DoSample = false, NumBeams = 4 }),
        };
        using var cancellation = new CancellationTokenSource();
        if (cancels)
            cancellation.CancelAfter(_random.Next(1, 200));
        try
        {
            model.Generate(inputs, settings, cancellationToken: cancellation.Token);
        }
        catch (OperationCanceledException)
        {
            kind = "cancelled";
        }
        _counts[kind] = _counts.GetValueOrDefault(kind) + 1;
    }

    // Every row but the first ends in some padding.
    private Tensor Mask(int batch, int length)
    {
        var lengths = Enumerable.Range(0, batch).Select(row => row == 0 ? length : (long)_random.Next(1, length + 1)).ToArray();
        return (torch.arange(length, device: CUDA).unsqueeze(0) < torch.tensor(lengths, [batch, 1], device: CUDA)).to(ScalarType.Int64);
    }
}
