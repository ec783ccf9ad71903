using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Generation.Logits;
using T5GemmaSharp.Kernels.Cuda.Decode;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cuda.Decode;

/// <summary>The plain form of the sampler, which the kernel is held against, against the library's processors.</summary>
public sealed class DrawReferenceTests
{
    private const int Vocabulary = 700;

    [Test]
    public void RandomBits_KnownAnswer()
        // The published test vector of Philox4x32-10 for a counter and key of zeros begins with these two words.
        => Assert.That(DrawReference.RandomBits(seed: 0, position: 0), Is.EqualTo(0x6627E8D5_E169C58D));

    [TestCase(0.7, 0, 1.0, 0.0)]
    [TestCase(1.0, 5, 1.0, 0.0)]
    [TestCase(1.0, 0, 0.4, 0.0)]
    [TestCase(1.0, 0, 1.0, 0.2)]
    [TestCase(1.7, 60, 0.8, 0.05)]
    public void Kept_EveryCut_LeavesWhatTheProcessorsLeave(double temperature, int topK, double topP, double minP)
    {
        using var scope = NewDisposeScope();
        using var generator = new Generator(3, CPU);
        var logits = torch.randn([1, Vocabulary], generator: generator) * 4;
        var config = new GenerationConfig { DoSample = true, Temperature = temperature, TopK = topK, TopP = topP, MinP = minP > 0 ? minP : null, MaxLength = 9, EosTokenId = [] };
        var settings = GenerationSettingsResolver.Resolve(config, new GenerationControls(), promptLength: 1, Vocabulary);
        var list = new LogitsProcessorList(settings, new GenerationControls(), encoderIds: null);
        var expected = list.Process(torch.zeros([1, 1], dtype: ScalarType.Int64), logits.clone())[0].isfinite().data<bool>().ToArray();
        var actual = DrawReference.Kept(logits[0].data<float>().ToArray(), DrawSettings.For(settings, rows: 1, seed: 0)[0]);
        Assert.That(list.OnlyDraw, Is.True);
        Assert.That(actual, Is.EqualTo(expected));
        Assert.That(expected.Count(kept => kept), Is.LessThan(topK + topP + minP == 1 ? Vocabulary + 1 : Vocabulary));
    }

    [Test]
    public void Settings_Rows_HaveSeedsOfTheirOwn()
    {
        var settings = GenerationSettingsResolver.Resolve(new GenerationConfig { DoSample = true, MaxLength = 9, EosTokenId = [] }, new GenerationControls(), promptLength: 1, Vocabulary);
        var seeds = DrawSettings.For(settings, rows: 32, seed: 1).Concat(DrawSettings.For(settings, rows: 32, seed: 100)).Select(row => row.Seed).ToList();
        Assert.That(seeds.Distinct().Count(), Is.EqualTo(seeds.Count));
    }
}
