using NUnit.Framework;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Memory;

/// <summary>Generations leave nothing behind, whether they end well or are cancelled.</summary>
public sealed class GenerationMemoryTests
{
    [Test]
    public void Generate_LeavesNothing([Values] bool useCache, [Values] bool outputScores)
    {
        using var model = SampleModel.RandomLM();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            model.Generate(new() { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask() }, new() { MaxNewTokens = 7, UseCache = useCache, OutputScores = outputScores });
        });
    }

    private static IEnumerable<TestCaseData> GenerationModes()
    {
        yield return new TestCaseData(new GenerationConfig { NumBeams = 3, NumReturnSequences = 2, OutputScores = true }).SetArgDisplayNames("beams");
        yield return new TestCaseData(new GenerationConfig { DoSample = true, OutputLogits = true, OutputHiddenStates = true, OutputAttentions = true }).SetArgDisplayNames("sampling, all outputs");
        yield return new TestCaseData(new GenerationConfig { CacheImplementation = "static", RepetitionPenalty = 1.3, NoRepeatNgramSize = 2 }).SetArgDisplayNames("static cache, processors");
    }

    [TestCaseSource(nameof(GenerationModes))]
    public void Generate_EveryMode_LeavesNothing(object mode)
    {
        using var model = SampleModel.RandomLM();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            model.Generate(new() { InputIds = SampleModel.SourceIds() }, (GenerationConfig)mode with { MaxNewTokens = 7 }, new() { Seed = 1 });
            using var source = model.Encode(new() { InputIds = SampleModel.SourceIds() });
            model.Generate(new() { Source = source }, (GenerationConfig)mode with { MaxNewTokens = 7 });
        });
    }

    [Test]
    public void Generate_TenThousandTimes_LeavesMemoryWhereItWas()
    {
        using var model = SampleModel.RandomLM();
        using var outer = NewDisposeScope();
        var inputs = new GenerationInputs { InputIds = SampleModel.SourceIds() };
        Repeat(500);
        var (tensors, memory) = (LiveTensors.Count, Environment.WorkingSet);
        Repeat(10_000);
        Assert.That(LiveTensors.Count, Is.EqualTo(tensors));
        Assert.That((Environment.WorkingSet - memory) / 1e6, Is.LessThan(64), "growth in MB: the collector's heap breathes, a leak of one tensor a step would be hundreds");
        TestContext.Out.WriteLine($"resident memory: {memory / 1e6:F1} MB before, {Environment.WorkingSet / 1e6:F1} MB after");

        void Repeat(int times)
        {
            for (var time = 0; time < times; time++)
            {
                using var scope = NewDisposeScope();
                model.Generate(inputs, new() { MaxNewTokens = 2, EosTokenId = [] });
            }
        }
    }

    [Test]
    public void Generate_Cancelled_LeavesNothing()
    {
        using var model = SampleModel.RandomLM();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var cancellation = new CancellationTokenSource();
            var calls = 0;
            var counter = model.Model.Decoder.register_forward_hook((_, _, output) =>
            {
                if (++calls == 3)
                    cancellation.Cancel();
                return output;
            });
            using var scope = NewDisposeScope();
            Assert.That(() => model.Generate(new() { InputIds = SampleModel.SourceIds() }, new() { MaxNewTokens = 9, EosTokenId = [] }, cancellationToken: cancellation.Token), Throws.InstanceOf<OperationCanceledException>());
            counter.remove();
        });
    }
}
