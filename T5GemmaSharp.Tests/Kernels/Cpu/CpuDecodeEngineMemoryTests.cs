using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Kernels.Cpu;

/// <summary>An engine frees what it made, and what it reads lives as long as it does.</summary>
public sealed class CpuDecodeEngineMemoryTests
{
    private const int Steps = 12;

    private static IEnumerable<TestCaseData> Modes()
    {
        yield return new TestCaseData(new GenerationConfig()).SetArgDisplayNames("greedy");
        yield return new TestCaseData(new GenerationConfig { CacheImplementation = "static" }).SetArgDisplayNames("static cache");
        yield return new TestCaseData(new GenerationConfig { NumBeams = 3, OutputScores = true, OutputLogits = true }).SetArgDisplayNames("beams");
        yield return new TestCaseData(new GenerationConfig { DoSample = true, NumReturnSequences = 2, EosTokenId = [1, 5, 9, 13] }).SetArgDisplayNames("rows that end early");
    }

    [TestCaseSource(nameof(Modes))]
    public void Generate_ByTheEngine_LeavesNothing(object mode)
    {
        using var model = Model();
        using (var engine = CpuDecodeEngine.TryCreate(model, rows: 6, threads: 1, out _))
            Assert.That(engine, Is.Not.Null, "the generations below use one");
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            model.Generate(new() { InputIds = TinyModels.Ids(2, 9) }, (GenerationConfig)mode with { MaxNewTokens = Steps }, new() { Seed = 1 });
        });
    }

    [Test]
    public void Dispose_AfterSteps_LeavesNothing()
    {
        using var outer = NewDisposeScope();
        using var model = Model();
        var (states, ids) = (States(model), Ids());
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            using var engine = CpuDecodeEngine.TryCreate(model, rows: 2, threads: 2, out _)!;
            DecodeSteps.All(model, states, ids, engine);
        });
    }

    [Test]
    public void TryCreate_InAScopeThatEnds_LivesOn()
    {
        using var outer = NewDisposeScope();
        using var model = Model();
        CpuDecodeEngine engine;
        using (NewDisposeScope())
            engine = CpuDecodeEngine.TryCreate(model, rows: 2, threads: 1, out _)!;
        using (engine)
            Assert.That(DecodeSteps.All(model, States(model), Ids(), engine).IsFinite(), Is.True);
    }

    private static IEnumerable<TestCaseData> Disturbances()
    {
        yield return Case("disposed", model => model.Dispose());
        yield return Case("converted", model => model.to(ScalarType.Float64));
        yield return Case("weights replaced", model =>
        {
            foreach (var layer in model.Model.Decoder.Layers)
            {
                var old = layer.Mlp.DownProj.weight!;
                layer.Mlp.DownProj.weight = new Parameter(zeros_like(old));
                old.Dispose();
            }
        });

        static TestCaseData Case(string name, Action<T5GemmaForConditionalGeneration> disturb) => new TestCaseData(disturb).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Disturbances))]
    public void Logits_ModelChangedBetweenSteps_AreThoseOfTheOldWeights(object disturb)
    {
        using var model = Model();
        CheckDisturbed(model, (Action<T5GemmaForConditionalGeneration>)disturb);
    }

    [Test]
    public void Logits_MappedModelDisposedBetweenSteps_AreThoseOfTheFile()
    {
        using var folder = new ScratchFolder();
        using (var model = Model())
            model.SavePretrained(folder.Path);
        using var mapped = T5GemmaForConditionalGeneration.FromPretrained(folder.Path, new PretrainedOptions { UseMemoryMap = true });
        CheckDisturbed(mapped, model => model.Dispose());
    }

    private static void CheckDisturbed(T5GemmaForConditionalGeneration model, Action<T5GemmaForConditionalGeneration> disturb)
    {
        using var noGrad = torch.no_grad();
        using var scope = NewDisposeScope();
        var (states, ids) = (States(model), Ids());
        using var engine = CpuDecodeEngine.TryCreate(model, rows: 2, threads: 2, out _)!;
        var expected = DecodeSteps.All(model, states, ids, engine);

        using var steps = new DecodeSteps(model, states, ids);
        var actual = new List<Tensor> { steps.By(engine) };
        disturb(model);
        GC.Collect();
        GC.WaitForPendingFinalizers();
        var others = Enumerable.Range(0, 200).Select(size => torch.full([1 + (4 * size)], float.NaN)).ToArray(); // takes up what was freed
        while (!steps.IsFinished)
            actual.Add(steps.By(engine));
        TensorAssert.Close(torch.stack(actual), expected, 0, "logits");
        GC.KeepAlive(others);
    }

    private static T5GemmaForConditionalGeneration Model() => TinyModels.LanguageModel(TinyModels.Config with { TieWordEmbeddings = false });

    private static Tensor Ids() => TinyModels.Ids(2, Steps, seed: 12, vocabSize: 47);

    private static Tensor States(T5GemmaForConditionalGeneration model)
    {
        using var source = model.Encode(new() { InputIds = TinyModels.Ids(2, 9, seed: 11) });
        return source.EncoderOutputs.LastHiddenState.clone();
    }
}
