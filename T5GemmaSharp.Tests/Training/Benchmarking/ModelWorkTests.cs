using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Training.Benchmarking;

namespace T5GemmaSharp.Tests.Training.Benchmarking;

/// <summary>The formulas against numbers that were worked out by hand.</summary>
public sealed class ModelWorkTests
{
    private const int BFloat16 = 2;
    private const double Giga = 1e9;
    private const double Tera = 1e12;

    private static readonly T5GemmaConfig Large = PublishedShapes.Config("2b-2b");

    // Small enough to count on paper: Q = 3 x 4, K = 1 x 4.
    private static readonly T5GemmaModuleConfig Small = new()
    {
        VocabSize = 11,
        HiddenSize = 5,
        IntermediateSize = 7,
        NumHiddenLayers = 2,
        NumAttentionHeads = 3,
        NumKeyValueHeads = 1,
        HeadDim = 4,
        SlidingWindow = 3,
        LayerTypes = [LayerType.SlidingAttention, LayerType.FullAttention],
    };

    [Test]
    public void StepBytes_Shapes2b_AreThoseOfTheTable() => Assert.Multiple(() =>
    {
        // A layer: 2 x 2304 x (2048 + 1024) + 2 x 2304 x 2048 + 3 x 2304 x 9216 = 87,293,952 elements.
        Assert.That(BFloat16 * ModelWork.StepLayerElements(Large.Decoder), Is.EqualTo(26 * 87_293_952d * 2).And.EqualTo(4.539 * Giga).Within(0.001 * Giga));
        Assert.That(BFloat16 * ModelWork.HeadElements(Large.Decoder), Is.EqualTo(256_000 * 2304d * 2).And.EqualTo(1.180 * Giga).Within(0.001 * Giga));
        Assert.That(BFloat16 * ModelWork.KeyValueElements(Large.Decoder), Is.EqualTo(106_496));
        Assert.That(ModelWork.StepBytes(Large.Decoder, 1, 1, sourceLength: 512, newTokens: 256, BFloat16), Is.EqualTo((4.5393 + 1.1796 + (106_496e-9 * (512 + 129))) * Giga).Within(0.0001 * Giga));
    });

    [Test]
    public void StepBytes_RowsAndWindow_CountWhatARowReads()
    {
        // Matrices: 2 layers of 2 x 5 x (12 + 4) + 2 x 5 x 12 + 3 x 5 x 7 = 385, head 11 x 5. Steps see 2, 3, 4 tokens, behind the window 2, 3, 3.
        var matrices = (2 * 385) + 55;
        var own = 3 * 2 * (8 * (3 + (8 / 3d))); // 3 sources of 2 rows
        var cross = 2 * 3 * 8 * 6; // 2 layers, 3 sources of 6 tokens
        Assert.That(ModelWork.StepBytes(Small, sources: 3, rowsPerSource: 2, sourceLength: 6, newTokens: 4, elementSize: 4), Is.EqualTo(4 * (matrices + own + cross)).Within(1e-9));
    }

    [Test]
    public void EncodeFlops_Shapes2b_WithKeysAndValuesOfCrossAttention_AreThoseOfTheTable()
    {
        // 2.25 TFLOP for 512 tokens, 21.2 for 4096.
        double Flops(int length) => (ModelWork.EncodeFlops(Large.Encoder, 1, length) + ModelWork.CrossKeyValueFlops(Large, 1, length)) / Tera;
        Assert.That(new[] { Flops(512), Flops(2048), Flops(4096) }, Is.EqualTo(new[] { 2.25, 9.69, 21.2 }).Within(0.05));
        Assert.That(ModelWork.EncodeFlops(Large.Encoder, 8, 512), Is.EqualTo(8 * ModelWork.EncodeFlops(Large.Encoder, 1, 512)));
    }

    [Test]
    public void TrainingFlops_SmallShapes_AreThreePassesOverBothStacks()
    {
        var config = new T5GemmaConfig { Encoder = Small, Decoder = Small };

        // Encoder, 4 tokens: 2 layers of 160 + 105 elements; pairs 4 x 4 without, 14 with the window of 3.
        var encoder = 2 * ((2 * 4 * 265) + (2 * 12 * (14 + 16)));
        // Keys and values of cross-attention: 2 layers of 5 x 8 elements.
        var cross = 2 * 4 * 2 * 40;
        // Decoder, 5 tokens: matrices and head; pairs 12 with, 15 without the window, and 5 x 4 in each cross-attention.
        var decoder = 2 * ((5 * ((2 * 385) + 55)) + (2 * 12 * (12 + 15 + (2 * 20))));
        Assert.That(ModelWork.TrainingFlops(config, batch: 3, sourceLength: 4, targetLength: 5), Is.EqualTo(3d * 3 * (encoder + cross + decoder)));
    }

    [Test]
    public void Pairs_EveryWindow_AreThoseThatCountingFinds([Values(1, 2, 5, 9)] int length, [Values(1, 3, 5, 20)] int window)
    {
        var tokens = Enumerable.Range(0, length).ToArray();
        Assert.That(ModelWork.Neighbours(length, window), Is.EqualTo(tokens.Sum(query => tokens.Count(key => Math.Abs(query - key) < window))));
        Assert.That(ModelWork.Predecessors(length, window), Is.EqualTo(tokens.Sum(query => tokens.Count(key => key <= query && query - key < window))));
    }

    [Test]
    public void AddShares_Limits_GiveWhatWasReached()
    {
        var result = new BenchmarkResult { Model = new ModelSummary(1, "bfloat16"), Rates = { [BenchmarkResult.DecodeSpeed] = 2400 } };
        result.AddFlops(3e12, new Timing(0.01, 0.01, 0.01));
        result.AddShares(new DeviceLimits(CopyBytesPerSecond: 3e12, MatmulFlops: 600e12));
        Assert.That(result.Rates, Is.EqualTo(new Dictionary<string, double>
        {
            [BenchmarkResult.DecodeSpeed] = 2400,
            ["flops"] = 3e12,
            ["tflops"] = 300,
            ["device_copy_gb_per_second"] = 3000,
            ["device_matmul_tflops"] = 600,
            ["copy_share"] = 0.8,
            ["matmul_share"] = 0.5,
        }));
    }
}
