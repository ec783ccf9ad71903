using System.Diagnostics;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Memory;

/// <summary>Native memory, which the count of live tensors does not show.</summary>
public sealed class ResidentMemoryTests
{
    private const int Repetitions = 40;

    private static readonly T5GemmaConfig Config = SampleModel.Config with { Encoder = SampleModel.Config.Encoder with { VocabSize = 100_000 } }; // 9.6 MB of weights

    [Test]
    public void FromPretrained_DisposedManyTimes_DoesNotGrow()
    {
        using var folder = new ScratchFolder();
        using (var saved = SampleModel.RandomLM(Config))
            saved.SavePretrained(folder.Path);
        AssertBounded(() => T5GemmaForConditionalGeneration.FromPretrained(folder.Path, new() { DType = ScalarType.Float64 }).Dispose(), weightsInBytes: 19_200_000);
    }

    [Test]
    public void Backward_DisposedManyTimes_DoesNotGrow() => AssertBounded(
        () =>
        {
            using var scope = NewDisposeScope();
            using var model = T5GemmaForConditionalGeneration.FromConfig(Config);
            model.call(SampleModel.Inputs(model)).Loss!.backward(); // there are labels
        },
        weightsInBytes: 9_600_000);

    /// <summary>Demands that the process grows by less than a quarter of what it would if every call kept its weights.</summary>
    private static void AssertBounded(Action action, long weightsInBytes)
    {
        action();
        var before = ResidentInBytes();
        for (var repetition = 0; repetition < Repetitions; repetition++)
            action();
        Assert.That(ResidentInBytes() - before, Is.LessThan(weightsInBytes * Repetitions / 4));
    }

    private static long ResidentInBytes()
    {
        using var process = Process.GetCurrentProcess();
        return process.WorkingSet64;
    }
}
