using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Adapters;

public sealed class LoraAdapterTests
{
    // float32: W x + s B A x and (W + s B A) x round differently in each of the layers, whose outputs are of the size of 1 to 10.
    private const double MergeTolerance = 1e-4;

    private static readonly LoraConfig Plain = new() { R = 3, LoraAlpha = 5 };
    private static readonly LoraConfig[] Kinds = [Plain, Plain with { UseRslora = true }, Plain with { UseDora = true }];

    private static IEnumerable<object[]> Cases() => ModelClass.All.SelectMany(_ => Kinds, (model, config) => new object[] { model, config });

    [TestCaseSource(nameof(Cases))]
    public void Attach_FreshAdapter_LeavesEveryOutputAsItWas(object source, LoraConfig config)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = SampleModel.Random((ModelClass)source);
        var expected = ModelClass.Call(model, SampleModel.Inputs(model));
        AnyAdapter.Attach(model, config);
        foreach (var (actual, original) in ModelClass.Call(model, SampleModel.Inputs(model)).Zip(expected))
            TensorAssert.Close(actual, original, 0, "output");
    }

    [TestCaseSource(nameof(Cases))]
    public void Merge_TrainedAdapter_ComputesWhatItDidAndUnmergeRestoresEveryBit(object source, LoraConfig config)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = SampleModel.Random((ModelClass)source);
        var inputs = SampleModel.Inputs(model);
        var plain = ModelClass.Call(model, inputs);
        var weights = Copies(model);
        using var adapter = AnyAdapter.Trained(model, config);
        var adapted = ModelClass.Call(model, inputs);
        Assert.That(adapted[^1].RelativeDistance(plain[^1]), Is.GreaterThan(0.01), "the adapter does something");

        adapter.Merge();
        AssertClose(ModelClass.Call(model, inputs), adapted, MergeTolerance);
        Assert.That(adapter.IsMerged, Is.True);
        adapter.Unmerge();
        AssertEqual(model, weights);
        AssertClose(ModelClass.Call(model, inputs), adapted, 0);

        adapter.IsEnabled = false;
        AssertClose(ModelClass.Call(model, inputs), plain, 0);
        adapter.IsEnabled = true;
        AssertClose(ModelClass.Call(model, inputs), adapted, 0);

        adapter.Detach();
        AssertClose(ModelClass.Call(model, inputs), plain, 0);
        AssertEqual(model, weights);
    }

    [TestCaseSource(nameof(Cases))]
    public void MergeAndDetach_TrainedAdapter_StaysInTheWeights(object source, LoraConfig config)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = SampleModel.Random((ModelClass)source);
        using var adapter = AnyAdapter.Trained(model, config);
        var adapted = ModelClass.Call(model, SampleModel.Inputs(model));
        adapter.MergeAndDetach();
        adapter.Dispose();
        AssertClose(ModelClass.Call(model, SampleModel.Inputs(model)), adapted, MergeTolerance);
    }

    [TestCaseSource(nameof(Cases))]
    public void Backward_AdaptedModel_GivesGradientsToTheAdapterAlone(object source, LoraConfig config)
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.Random((ModelClass)source);
        using var adapter = AnyAdapter.Trained(model, config);
        model.train();
        ModelClass.Call(model, SampleModel.Inputs(model)).Where(output => output.requires_grad).Select(output => output.pow(2).mean()).Aggregate((sum, part) => sum + part).backward();
        Assert.Multiple(() =>
        {
            foreach (var (name, parameter) in model.named_parameters())
                Assert.That(parameter.requires_grad || parameter.grad is not null, Is.False, name);
            foreach (var (name, parameter) in adapter.NamedParameters())
                Assert.That(parameter.grad is { } gradient && gradient.IsFinite() && gradient.abs().sum().item<float>() > 0, Is.True, name);
        });
        var before = Copies(model).Select(pair => pair.Key).ToArray();
        adapter.Detach();
        Assert.That(model.parameters().Select(parameter => parameter.requires_grad), Is.All.True, "as before");
        Assert.That(model.state_dict().Keys, Is.EqualTo(before));
    }

    [Test]
    public void Detach_ParameterThatWasFrozenBefore_StaysFrozen()
    {
        using var model = SampleModel.RandomLM();
        model.Model.Encoder.Norm.Weight.requires_grad = false;
        LoraAdapter.Attach(model, Plain).Dispose();
        Assert.That(model.named_parameters().Where(pair => !pair.parameter.requires_grad).Select(pair => pair.name), Is.EqualTo(new[] { "model.encoder.norm.weight" }));
    }

    [Test]
    public void Optimizer_OfTorchSharp_TrainsTheAdapter()
    {
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var adapter = LoraAdapter.Attach(model, Plain with { UseDora = true });
        using var optimizer = torch.optim.AdamW(adapter.NamedParameters().Select(pair => pair.Parameter), lr: 0.01);
        var weights = Copies(model);
        var losses = Enumerable.Range(0, 10).Select(_ =>
        {
            using var step = NewDisposeScope();
            optimizer.zero_grad();
            var loss = model.call(SampleModel.Inputs(model)).Loss!; // there are labels
            loss.backward();
            optimizer.step();
            return loss.item<float>();
        }).ToArray();
        Assert.That(losses[^1], Is.LessThan(losses[0] * 0.9f));
        AssertEqual(model, weights);
    }

    [Test]
    public void Adapter_OfTheModel_IsTheAttachedOne()
    {
        using var model = SampleModel.RandomLM();
        Assert.That(model.Adapter, Is.Null);
        var adapter = LoraAdapter.Attach(model, Plain);
        Assert.That(model.Adapter, Is.SameAs(adapter));
        Assert.That(() => LoraAdapter.Attach(model, Plain), Throws.InvalidOperationException.With.Message.Contains("one at most"));
        adapter.Merge();
        Assert.That(() => LoraAdapter.Attach(model, Plain), Throws.InvalidOperationException.With.Message.Contains("one at most"));
        Assert.That(adapter.Merge, Throws.InvalidOperationException.With.Message.Contains("Unmerge first"));
        Assert.That(() => adapter.IsEnabled = false, Throws.InvalidOperationException.With.Message.Contains("Unmerge first"));
        adapter.Dispose();
        Assert.That((model.Adapter, adapter.IsAttached), Is.EqualTo(((LoraAdapter?)null, false)));
        Assert.That(adapter.Merge, Throws.InvalidOperationException.With.Message.Contains("on no model"));
        Assert.That(adapter.Unmerge, Throws.InvalidOperationException.With.Message.Contains("not merged"));
        using var second = LoraAdapter.Attach(model, Plain);
        Assert.That(model.Adapter, Is.SameAs(second));
    }

    [Test]
    public void Attach_FaultySettings_LeavesTheModelAlone()
    {
        using var model = SampleModel.RandomLM();
        Assert.That(() => LoraAdapter.Attach(model, Plain with { R = 0 }), Throws.TypeOf<T5GemmaSharp.Configuration.T5GemmaConfigException>());
        Assert.That(() => LoraAdapter.Attach(model, Plain with { TargetModules = ModuleSelection.Named("nothing") }), Throws.TypeOf<T5GemmaSharp.Configuration.T5GemmaConfigException>());
        Assert.That(() => LoraAdapter.Attach(model, LoraConfig.FromJson("""{"init_lora_weights": "gaussian"}""")), Throws.TypeOf<NotSupportedException>().With.Message.Contains("init_lora_weights"));
        Assert.That(model.Adapter, Is.Null);
        Assert.That(model.parameters().Select(parameter => parameter.requires_grad), Is.All.True);
    }

    [Test]
    public void Dropout_AdapterInTrainingMode_MakesOutputsRandom()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = SampleModel.RandomLM(); // its own dropout rates are 0
        using var adapter = AnyAdapter.Trained(model, Plain with { LoraDropout = 0.5 });
        Tensor Logits() => model.call(SampleModel.Inputs(model)).Logits;
        TensorAssert.Close(Logits(), Logits(), 0, "evaluation mode");
        model.train();
        Assert.That(Logits().RelativeDistance(Logits()), Is.GreaterThan(0.01));
        model.eval();
        TensorAssert.Close(Logits(), Logits(), 0, "evaluation mode again");
    }

    [Test]
    public void Merge_BFloat16_RoundsTheFloat32SumOnce()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = SampleModel.RandomLM(options: new() { DType = ScalarType.BFloat16 });
        using var adapter = AnyAdapter.Trained(model, Plain);
        const string Name = "model.decoder.layers.1.cross_attn.k_proj";
        var weight = model.named_parameters().Single(pair => pair.name == $"{Name}.weight").parameter;
        var (a, b) = (adapter.Parameter($"base_model.model.{Name}.lora_A.weight"), adapter.Parameter($"base_model.model.{Name}.lora_B.weight"));
        Assert.That(adapter.NamedParameters().Select(pair => pair.Parameter.dtype), Is.All.EqualTo(ScalarType.Float32));
        var expected = (weight.to(ScalarType.Float32) + (b.matmul(a) * (5 / 3.0))).to(ScalarType.BFloat16);
        var weights = Copies(model);
        adapter.Merge();
        TensorAssert.Close(weight, expected, 0, "merged");
        Assert.That(model.parameters().Select(parameter => parameter.dtype), Is.All.EqualTo(ScalarType.BFloat16));
        adapter.Unmerge();
        AssertEqual(model, weights);
    }

    [Test]
    public void Merge_MappedWeights_LeavesTheFileAlone()
    {
        using var scope = NewDisposeScope();
        using var folder = new Checkpoints.ScratchFolder();
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(folder.Path);
        var bytes = File.ReadAllBytes(folder["model.safetensors"]);
        using var model = T5GemmaForConditionalGeneration.FromPretrained(folder.Path);
        using var adapter = AnyAdapter.Trained(model, Plain);
        adapter.MergeAndDetach();
        Assert.That(File.ReadAllBytes(folder["model.safetensors"]), Is.EqualTo(bytes));
    }

    [Test]
    public void To_AnotherDType_KeepsTheAdapterAndWorks()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var model = SampleModel.RandomLM();
        using var adapter = AnyAdapter.Trained(model, Plain);
        var expected = model.call(SampleModel.Inputs(model)).Logits;
        model.to(ScalarType.Float64);
        Assert.That(model.DType, Is.EqualTo(ScalarType.Float64));
        var logits = model.call(SampleModel.Inputs(model)).Logits;
        Assert.That(logits.dtype, Is.EqualTo(ScalarType.Float64));
        TensorAssert.Close(logits, expected, MergeTolerance, "float64");
        Assert.That(model.parameters().Select(parameter => parameter.requires_grad), Is.All.False);

        adapter.Merge(); // and back while it is merged
        model.to(ScalarType.Float32);
        adapter.Unmerge();
        TensorAssert.Close(model.call(SampleModel.Inputs(model)).Logits, expected, MergeTolerance, "float32");
    }

    [Test]
    public void To_MetaDevice_TakesTheAdapterAlong()
    {
        using var model = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = false });
        using var adapter = AnyAdapter.Attach(model, Plain with { UseDora = true, ModulesToSave = ["lm_head"] });
        model.to(META);
        Assert.That(model.Device.type, Is.EqualTo(DeviceType.META));
        Assert.That(adapter.NamedParameters().Select(pair => (pair.Parameter.device_type, pair.Parameter.requires_grad, pair.Parameter.is_leaf)), Is.All.EqualTo((DeviceType.META, true, true)));
    }

    [Test]
    [Category("GPU")]
    public void To_AnotherDevice_MovesTheAdapterToo()
    {
        if (!torch.cuda.is_available())
            Assert.Ignore("no CUDA device");
        using var scope = NewDisposeScope();
        using var model = SampleModel.RandomLM();
        using var adapter = AnyAdapter.Trained(model, Plain with { UseDora = true });
        var expected = model.call(SampleModel.Inputs(model)).Logits;
        model.to(CUDA);
        Assert.That(adapter.NamedParameters().Select(pair => (pair.Parameter.device_type, pair.Parameter.requires_grad, pair.Parameter.is_leaf)), Is.All.EqualTo((DeviceType.CUDA, true, true)));
        var logits = model.call(new() { InputIds = SampleModel.SourceIds().cuda(), AttentionMask = SampleModel.SourceMask().cuda(), Labels = SampleModel.Labels().cuda() }).Logits;
        TensorAssert.Close(logits, expected, 1e-3, "CUDA, whose products of float32 are summed in another order");
    }

    [Test]
    public void Memory_TrainingSteps_LeaveNothing()
    {
        using var model = SampleModel.RandomLM();
        using var adapter = AnyAdapter.Trained(model, Plain with { UseDora = true, LoraDropout = 0.1 });
        model.train();
        LiveTensors.AssertNothingLeft(() =>
        {
            using var scope = NewDisposeScope();
            model.call(SampleModel.Inputs(model)).Loss!.backward(); // there are labels
            foreach (var (_, parameter) in adapter.NamedParameters())
            {
                using var gradient = parameter.grad;
                parameter.grad = null;
            }
        });
    }

    [Test]
    public void Memory_WholeLife_LeavesNothing()
    {
        using var untied = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = false });
        LiveTensors.AssertNothingLeft(() =>
        {
            using var adapter = LoraAdapter.Attach(untied, Plain with { UseDora = true, ModulesToSave = ["lm_head"] });
            adapter.Merge();
            adapter.Unmerge();
            adapter.Merge();
            adapter.Detach();
        });
        LiveTensors.AssertNothingLeft(() =>
        {
            using var adapter = LoraAdapter.Attach(untied, Plain with { UseDora = true, ModulesToSave = ["lm_head"] });
            adapter.MergeAndDetach();
        });
    }

    [Test]
    public void Dispose_Model_TakesTheAdapterWithIt() => LiveTensors.AssertNothingLeft(() =>
    {
        using var model = SampleModel.RandomLM();
        LoraAdapter.Attach(model, Plain);
    });

    private static Dictionary<string, Tensor> Copies(nn.Module model) => model.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.detach().clone());

    private static void AssertEqual(nn.Module model, Dictionary<string, Tensor> expected)
    {
        var actual = model.state_dict();
        Assert.That(actual.Keys, Is.EqualTo(expected.Keys));
        foreach (var (key, tensor) in actual)
            TensorAssert.Close(tensor.detach(), expected[key], 0, key);
    }

    private static void AssertClose(IReadOnlyList<Tensor> actual, IReadOnlyList<Tensor> expected, double tolerance)
    {
        Assert.That(actual, Has.Count.EqualTo(expected.Count));
        foreach (var (left, right) in actual.Zip(expected))
            TensorAssert.Close(left, right, tolerance, "output");
    }
}
