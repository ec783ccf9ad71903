using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using TorchSharp;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Adapters;

public sealed class LoraAdapterFileTests
{
    private const string Weights = LoraAdapter.FileName;

    private static readonly LoraConfig Small = new() { R = 3, LoraAlpha = 5, TargetModules = ModuleSelection.Named("encoder.layers.0.self_attn.q_proj", "decoder.layers.1.cross_attn.k_proj") };

    private static IEnumerable<object[]> Cases() => ModelClass.All.SelectMany(
        _ => new[] { new LoraConfig { R = 2 }, new LoraConfig { R = 2, UseDora = true, UseRslora = true, RankPattern = new Dictionary<string, int> { ["mlp.up_proj"] = 4 } } }, (model, config) => new object[] { model, config });

    [TestCaseSource(nameof(Cases))]
    public void SaveAndLoad_TrainedAdapter_ComputesTheSame(object source, LoraConfig config)
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var folder = new ScratchFolder();
        using var model = SampleModel.Random((ModelClass)source);
        using var adapter = AnyAdapter.Trained(model, config);
        var expected = ModelClass.Call(model, SampleModel.Inputs(model));
        adapter.SavePretrained(folder.Path);
        Assert.That(folder.FileNames, Is.EqualTo(new[] { LoraConfig.FileName, Weights }));
        adapter.Dispose();

        using var loaded = AnyAdapter.Load(model, folder.Path);
        foreach (var (actual, before) in ModelClass.Call(model, SampleModel.Inputs(model)).Zip(expected))
            TensorAssert.Close(actual, before, 0, "output");
        Assert.That(loaded.NamedParameters().Select(pair => pair.Parameter.requires_grad), Is.All.False, "loaded for use");
        Assert.That(loaded.Config.ToJson(), Is.EqualTo((adapter.Config with { InferenceMode = true }).ToJson()));
    }

    [Test]
    public void Load_LayerAdaptedInsideOfASavedModule_IsNamed()
    {
        const string inner = "base_model.model.score.out_proj.base_layer.weight";
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        using (var adapter = LoraAdapter.Attach(model, Small))
            adapter.SavePretrained(folder.Path);
        using var weight = torch.zeros(2, 2);
        SafetensorsWriter.Write(Path.Combine(folder.Path, Weights), new Dictionary<string, Tensor> { [inner] = weight });
        Assert.That(() => LoraAdapter.FromPretrained(model, folder.Path), Throws.TypeOf<NotSupportedException>().With.Message.Contains(inner));
    }

    [Test]
    public void Keys_LanguageModel_ArePefts() => AssertKeys(ModelClass.ConditionalGeneration, Small,
        "base_model.model.model.decoder.layers.1.cross_attn.k_proj.lora_A.weight [3, 24]", // the encoder's width
        "base_model.model.model.decoder.layers.1.cross_attn.k_proj.lora_B.weight [30, 3]",
        "base_model.model.model.encoder.layers.0.self_attn.q_proj.lora_A.weight [3, 24]",
        "base_model.model.model.encoder.layers.0.self_attn.q_proj.lora_B.weight [40, 3]");

    [Test]
    public void Keys_Dora_HaveTheMagnitudeWithoutWeight() => AssertKeys(ModelClass.ConditionalGeneration, Small with { UseDora = true, TargetModules = ModuleSelection.Named("decoder.layers.1.mlp.down_proj") },
        "base_model.model.model.decoder.layers.1.mlp.down_proj.lora_A.weight [3, 28]",
        "base_model.model.model.decoder.layers.1.mlp.down_proj.lora_B.weight [20, 3]",
        "base_model.model.model.decoder.layers.1.mlp.down_proj.lora_magnitude_vector [20]");

    [TestCase("seqcls", "SEQ_CLS")]
    [TestCase("seqcls.enc", "SEQ_CLS")]
    [TestCase("tokcls", "TOKEN_CLS")]
    [TestCase("tokcls.enc", "TOKEN_CLS")]
    public void Keys_Classifier_HaveTheHead(string name, string task)
    {
        var modelClass = ModelClass.All.Single(candidate => candidate.ToString() == name);
        var config = AssertKeys(modelClass, Small with { TargetModules = ModuleSelection.Named("encoder.layers.0.self_attn.q_proj") },
            "base_model.model.model.encoder.layers.0.self_attn.q_proj.lora_A.weight [3, 24]",
            "base_model.model.model.encoder.layers.0.self_attn.q_proj.lora_B.weight [40, 3]",
            "base_model.model.score.out_proj.bias [2]",
            $"base_model.model.score.out_proj.weight [2, {(modelClass.IsEncoderDecoder ? 20 : 24)}]");
        Assert.That(config["task_type"]!.GetValue<string>(), Is.EqualTo(task));
        Assert.That(config["modules_to_save"]!.ToJsonString(), Is.EqualTo("""["classifier","score"]"""));
    }

    [Test]
    public void Keys_BareModels_HaveNoModelSegment()
    {
        AssertKeys(ModelClass.All.Single(candidate => candidate.ToString() == "model"), Small with { TargetModules = ModuleSelection.Named("encoder.layers.0.mlp.up_proj") },
            "base_model.model.encoder.layers.0.mlp.up_proj.lora_A.weight [3, 24]", "base_model.model.encoder.layers.0.mlp.up_proj.lora_B.weight [40, 3]");
    }

    [Test]
    public void Keys_UntiedHead_IsSavedOrAdapted()
    {
        var untied = SampleModel.Config with { TieWordEmbeddings = false };
        AssertKeys(ModelClass.ConditionalGeneration, Small with { TargetModules = ModuleSelection.Named("layers.2.mlp.up_proj"), ModulesToSave = ["lm_head"] }, untied,
            "base_model.model.lm_head.out_proj.weight [67, 20]",
            "base_model.model.model.encoder.layers.2.mlp.up_proj.lora_A.weight [3, 24]",
            "base_model.model.model.encoder.layers.2.mlp.up_proj.lora_B.weight [40, 3]");
        AssertKeys(ModelClass.ConditionalGeneration, Small with { TargetModules = ModuleSelection.Named("out_proj") }, untied,
            "base_model.model.lm_head.out_proj.lora_A.weight [3, 20]", "base_model.model.lm_head.out_proj.lora_B.weight [67, 3]");
    }

    [Test]
    public void Config_AllLinear_IsWrittenAsWhatItMeans()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        using var adapter = LoraAdapter.Attach(model, new LoraConfig { TargetModules = ModuleSelection.AllLinear, BaseModelNameOrPath = "base", InferenceMode = false });
        adapter.SavePretrained(folder.Path);
        var config = JsonNode.Parse(File.ReadAllText(folder[LoraConfig.FileName]))!;
        Assert.That(config["target_modules"]!.AsArray().Select(name => name!.GetValue<string>()), Is.EquivalentTo(ModuleSelection.Projections.Names!));
        Assert.That((config["inference_mode"]!.GetValue<bool>(), config["task_type"]!.GetValue<string>(), config["base_model_name_or_path"]!.GetValue<string>()), Is.EqualTo((true, "SEQ_2_SEQ_LM", "base")));
    }

    [Test]
    public void SavePretrained_OfTheModel_HasTheBaseWeightsAlone()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        model.SavePretrained(folder["plain"]);
        using var adapter = AnyAdapter.Trained(model, new LoraConfig());
        model.SavePretrained(folder["adapted"]);
        adapter.Merge();
        model.SavePretrained(folder["merged"]);
        byte[] Read(string name) => File.ReadAllBytes(Path.Combine(folder[name], "model.safetensors"));
        Assert.That(Read("adapted"), Is.EqualTo(Read("plain")));
        Assert.That(Read("merged"), Has.Length.EqualTo(Read("plain").Length).And.Not.EqualTo(Read("plain")));
        Directory.GetDirectories(folder.Path).ToList().ForEach(path => Directory.Delete(path, recursive: true));
    }

    [Test]
    public void FromPretrained_Trainable_NeedsGradients()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        using (var adapter = AnyAdapter.Trained(model, Small))
            adapter.SavePretrained(folder.Path);
        using var loaded = LoraAdapter.FromPretrained(model, folder.Path, isTrainable: true);
        Assert.That(loaded.NamedParameters().Select(pair => pair.Parameter.requires_grad), Is.All.True);
        Assert.That(model.parameters().Select(parameter => parameter.requires_grad), Is.All.False);
    }

    [Test]
    public void FromPretrained_BFloat16File_IsReadAsFloat32()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        var stored = SaveSmall(model, folder).ToDictionary(pair => pair.Key, pair => pair.Value.to(ScalarType.BFloat16));
        SafetensorsWriter.Write(folder[Weights], stored);
        using var loaded = LoraAdapter.FromPretrained(model, folder.Path);
        foreach (var (name, parameter) in loaded.NamedParameters())
        {
            Assert.That(parameter.dtype, Is.EqualTo(ScalarType.Float32));
            TensorAssert.Close(parameter, stored[name], 0, name);
        }
    }

    [Test]
    public void FromPretrained_WrongTensors_AreAllNamedAndNothingIsLoaded()
    {
        using var scope = NewDisposeScope();
        using var noGrad = torch.no_grad();
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        var tensors = SaveSmall(model, folder);
        const string Layer = "base_model.model.model.encoder.layers.0.self_attn.q_proj";
        tensors.Remove($"{Layer}.lora_A.weight");
        tensors[$"{Layer}.lora_B.weight"] = torch.zeros(40, 2);
        tensors["base_model.model.more"] = torch.zeros(1);
        tensors["base_model.model.model.decoder.layers.1.cross_attn.k_proj.lora_A.weight"] = torch.zeros([3, 24], dtype: ScalarType.Int64);
        SafetensorsWriter.Write(folder[Weights], tensors);
        var fault = Assert.Throws<CheckpointMismatchException>(() => LoraAdapter.FromPretrained(model, folder.Path));
        Assert.Multiple(() =>
        {
            Assert.That(fault!.MissingKeys, Is.EqualTo(new[] { $"{Layer}.lora_A.weight" }));
            Assert.That(fault.UnexpectedKeys, Is.EqualTo(new[] { "base_model.model.more" }));
            Assert.That(fault.ShapeMismatches.Select(mismatch => mismatch.ToString()), Is.EqualTo(new[] { $"{Layer}.lora_B.weight: expected [40, 3], got [40, 2]" }));
            Assert.That(fault.DTypeMismatches, Has.Count.EqualTo(1));
            Assert.That(fault.Path, Is.EqualTo(folder[Weights]));
            Assert.That(model.Adapter, Is.Null);
            Assert.That(model.parameters().Select(parameter => parameter.requires_grad), Is.All.True);
        });
    }

    [Test]
    public void FromPretrained_Failure_LeavesNoTensor()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        using (var scope = NewDisposeScope())
        {
            var tensors = SaveSmall(model, folder);
            tensors.Add("more", torch.zeros(1));
            SafetensorsWriter.Write(folder[Weights], tensors);
        }

        LiveTensors.AssertNothingLeft(() => Assert.Throws<CheckpointMismatchException>(() => LoraAdapter.FromPretrained(model, folder.Path)));
    }

    [Test]
    public void FromPretrained_MissingFile_IsNamed()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        Assert.That(() => LoraAdapter.FromPretrained(model, folder.Path), Throws.InstanceOf<IOException>().With.Message.Contains(LoraConfig.FileName));
        File.WriteAllText(folder[LoraConfig.FileName], new LoraConfig().ToJson());
        Assert.That(() => LoraAdapter.FromPretrained(model, folder.Path), Throws.InstanceOf<IOException>().With.Message.Contains(Weights));
        File.WriteAllText(folder["adapter_model.bin"], "");
        Assert.That(() => LoraAdapter.FromPretrained(model, folder.Path), Throws.InstanceOf<IOException>().With.Message.Contains("PEFT's save_pretrained"));
    }

    [Test]
    public void FromPretrained_UnsupportedKind_IsRefusedBeforeTheTensors()
    {
        using var folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        File.WriteAllText(folder[LoraConfig.FileName], """{"peft_type": "LORA", "lora_bias": true, "target_modules": ["q_proj"]}""");
        Assert.That(() => LoraAdapter.FromPretrained(model, folder.Path), Throws.TypeOf<NotSupportedException>().With.Message.Contains("lora_bias"));
        File.WriteAllText(folder[LoraConfig.FileName], "{");
        Assert.That(() => LoraAdapter.FromPretrained(model, folder.Path), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains(LoraConfig.FileName));
    }

    [Test]
    public void SavePretrained_DisposedAdapter_IsRefused()
    {
        using var model = SampleModel.RandomLM();
        var adapter = LoraAdapter.Attach(model, Small);
        adapter.Dispose();
        Assert.That(() => adapter.SavePretrained("nowhere"), Throws.TypeOf<ObjectDisposedException>());
    }

    /// <summary>Saves an adapter of two layers and gives copies of its tensors.</summary>
    private static Dictionary<string, Tensor> SaveSmall(T5GemmaForConditionalGeneration model, ScratchFolder folder)
    {
        using var adapter = AnyAdapter.Trained(model, Small);
        adapter.SavePretrained(folder.Path);
        return adapter.NamedParameters().ToDictionary(pair => pair.Name, pair => pair.Parameter.detach().clone());
    }

    private static JsonNode AssertKeys(ModelClass modelClass, LoraConfig config, params string[] expected) => AssertKeys(modelClass, config, SampleModel.Config, expected);

    private static JsonNode AssertKeys(ModelClass modelClass, LoraConfig config, T5GemmaConfig modelConfig, params string[] expected)
    {
        using var scope = NewDisposeScope();
        using var folder = new ScratchFolder();
        using var model = SampleModel.Random(modelClass, modelConfig);
        using var adapter = AnyAdapter.Attach(model, config);
        adapter.SavePretrained(folder.Path);
        using var file = SafetensorsFile.Open(folder[Weights]);
        Assert.That(file.Entries.Select(entry => $"{entry.Name} [{string.Join(", ", entry.Shape)}]").Order(StringComparer.Ordinal), Is.EqualTo(expected));
        Assert.That(adapter.NamedParameters().Select(pair => pair.Name), Is.EquivalentTo(file.Entries.Select(entry => entry.Name)));
        return JsonNode.Parse(File.ReadAllText(folder[LoraConfig.FileName]))!;
    }
}
