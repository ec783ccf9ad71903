using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Kernels.Cpu;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Adapters;

public sealed class AdapterGenerationTests
{
    private static readonly LoraConfig[] Kinds = [new() { R = 3 }, new() { R = 3, UseDora = true }, new() { TargetModules = ModuleSelection.Named("encoder.layers.0.mlp.up_proj", "out_proj") }];

    [TestCaseSource(nameof(Kinds))]
    public void Generate_WithAdapter_GivesWhatTheMergedModelGives(LoraConfig config)
    {
        using var scope = NewDisposeScope();
        using var model = Model();
        var plain = Generate(model);
        using var adapter = AnyAdapter.Trained(model, config);
        var adapted = Generate(model);
        Assert.That(adapted, Is.Not.EqualTo(plain));
        adapter.Merge();
        Assert.That(Generate(model), Is.EqualTo(adapted), "merged");
        adapter.Unmerge();
        adapter.IsEnabled = false;
        Assert.That(Generate(model), Is.EqualTo(plain), "disabled");
        adapter.IsEnabled = true;
        adapter.MergeAndDetach();
        Assert.That(Generate(model), Is.EqualTo(adapted), "merged for good");
    }

    [Test]
    public void CpuKernels_AdapterInTheDecoder_LeaveTheWorkToTheModules()
    {
        using var model = Model();
        if (!HasKernels(model))
            Assert.Ignore("this machine has no vector instructions for the kernels");
        using var adapter = AnyAdapter.Trained(model, new LoraConfig { TargetModules = ModuleSelection.Named("decoder.layers.0.mlp.up_proj") });
        Assert.That(HasKernels(model), Is.False, "attached");
        adapter.IsEnabled = false;
        Assert.That(HasKernels(model), Is.True, "disabled");
        adapter.IsEnabled = true;
        Assert.That(HasKernels(model), Is.False, "enabled");
        adapter.Merge();
        Assert.That(HasKernels(model), Is.True, "merged");
        adapter.Unmerge();
        Assert.That(HasKernels(model), Is.False, "unmerged");
        adapter.Detach();
        Assert.That(HasKernels(model), Is.True, "detached");
        using var second = AnyAdapter.Trained(model, new LoraConfig { TargetModules = ModuleSelection.Named("out_proj") });
        Assert.That(HasKernels(model), Is.False, "on the head");
        second.MergeAndDetach();
        Assert.That(HasKernels(model), Is.True, "merged for good");
        using var third = AnyAdapter.Trained(model, new LoraConfig { TargetModules = ModuleSelection.Matching(".*encoder.*up_proj") });
        Assert.That(HasKernels(model), Is.True, "the kernels do not touch the encoder");
    }

    private static T5GemmaForConditionalGeneration Model() => SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = false });

    private static bool HasKernels(T5GemmaForConditionalGeneration model)
    {
        using var engine = CpuDecodeEngine.TryCreate(model, rows: 2, threads: 1, out _);
        return engine is not null;
    }

    private static long[] Generate(T5GemmaForConditionalGeneration model) =>
        model.Generate(new GenerationInputs { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask() }, new GenerationConfig { MaxNewTokens = 12, EosTokenId = [] }).Sequences.ToLongs();
}
