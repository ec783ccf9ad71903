using System.Text.Json;
using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Checkpoints;

/// <summary>Saving and loading of whole models.</summary>
public sealed class PretrainedModelTests
{
    private ScratchFolder _folder = null!;

    [SetUp]
    public void MakeFolder() => _folder = new ScratchFolder();

    [TearDown]
    public void RemoveFolder() => _folder.Dispose();

    [Test]
    public void SavePretrained_ThenLoaded_IsTheSameModel(
        [ValueSource(typeof(ModelClass), nameof(ModelClass.All))] object source,
        [Values(ScalarType.Float32, ScalarType.BFloat16, ScalarType.Float16)] ScalarType dtype)
    {
        var modelClass = (ModelClass)source;
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        using var saved = SampleModel.Random(modelClass, SampleModel.Config.WithNumLabels(3), new() { DType = dtype });
        ModelClass.Save(saved, _folder.Path);

        using var loaded = modelClass.Load(_folder.Path, new() { Strictness = Strictness.Exact });

        ParameterAssert.Equal(loaded, saved);
        Assert.That(ModelClass.Report(loaded).LoadedCount, Is.EqualTo(saved.parameters().Count()));
        Assert.That(loaded.training, Is.False);
        var config = ModelClass.ConfigOf(loaded);
        Assert.That(config.ToJson(), Is.EqualTo((ModelClass.ConfigOf(saved) with { Architectures = [modelClass.Type.Name], DType = dtype }).ToJson()));
        var (expected, actual) = (ModelClass.Call(saved, SampleModel.Inputs(saved)), ModelClass.Call(loaded, SampleModel.Inputs(loaded)));
        Assert.That(actual, Has.Count.EqualTo(expected.Count));
        for (var i = 0; i < actual.Count; i++)
            ParameterAssert.Equal(actual[i], expected[i], $"output {i}");
    }

    [TestCase(true)]
    [TestCase(false)]
    public void SavePretrained_Head_IsStoredOnlyWhereItIsNotTied(bool isTied)
    {
        using var saved = SampleModel.RandomLM(SampleModel.Config with { TieWordEmbeddings = isTied });
        saved.SavePretrained(_folder.Path);
        using var reader = CheckpointReader.Open(_folder.Path);
        Assert.That(reader.Keys.Contains("lm_head.out_proj.weight"), Is.EqualTo(!isTied));
        Assert.That(reader.Keys, Has.Count.EqualTo(4 + (11 * 3) + (17 * 2) + (isTied ? 0 : 1)));

        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path);
        ParameterAssert.Equal(loaded, saved);
        Assert.That(loaded.LmHead.OutProj is null, Is.EqualTo(isTied));
    }

    [Test]
    public void SavePretrained_SmallShards_LoadTheSame()
    {
        const long Limit = 20_000;
        using var saved = SampleModel.RandomLM();
        saved.SavePretrained(_folder.Path, Limit);

        var shards = _folder.FileNames.Where(name => name.StartsWith("model-", StringComparison.Ordinal)).ToArray();
        Assert.That(shards, Has.Length.GreaterThan(2));
        Assert.That(_folder.FileNames, Is.EquivalentTo(shards.Concat(["config.json", "generation_config.json", "model.safetensors.index.json"])));
        using var index = JsonDocument.Parse(File.ReadAllText(_folder["model.safetensors.index.json"]));
        var map = index.RootElement.GetProperty("weight_map").EnumerateObject().ToDictionary(pair => pair.Name, pair => pair.Value.GetString()!);
        Assert.That(map.Keys, Is.EquivalentTo(saved.state_dict().Keys));
        Assert.That(map.Values.Distinct(), Is.EquivalentTo(shards));
        Assert.That(index.RootElement.GetProperty("metadata").GetProperty("total_size").GetInt64(), Is.EqualTo(saved.parameters().Sum(parameter => parameter.numel()) * 4));
        foreach (var shard in shards)
            Assert.That(new FileInfo(_folder[shard]).Length, Is.LessThan(Limit + 4096), shard); // and the header

        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path, new() { Strictness = Strictness.Exact });
        ParameterAssert.Equal(loaded, saved);
    }

    [Test]
    public void SavePretrained_OverAnotherSave_ReplacesAllOfIt()
    {
        using var first = SampleModel.RandomLM();
        first.SavePretrained(_folder.Path, maxShardSizeInBytes: 20_000);
        using var second = SampleModel.RandomLM(SampleModel.Config with { Encoder = SampleModel.Config.Encoder with { NumHiddenLayers = 1 } });
        second.GenerationConfig = second.GenerationConfig with { MaxNewTokens = 5 };
        second.SavePretrained(_folder.Path);

        Assert.That(_folder.FileNames, Is.EqualTo(new[] { "config.json", "generation_config.json", "model.safetensors" }));
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path);
        ParameterAssert.Equal(loaded, second);
        Assert.That(loaded.GenerationConfig.MaxNewTokens, Is.EqualTo(5));
    }

    [Test]
    public void SavePretrained_OverTheFilesItWasLoadedFrom_KeepsBothModels()
    {
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(_folder.Path);
        using var model = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path); // its weights are the mapped file
        using var untouched = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path);
        var before = ParameterAssert.Parameters(untouched).ToDictionary(pair => pair.Key, pair => pair.Value.bytes.ToArray());
        SampleModel.Randomize(model);
        using (no_grad())
            model.Model.Encoder.Norm.Weight.fill_(7);

        model.SavePretrained(_folder.Path);

        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path);
        ParameterAssert.Equal(loaded, model);
        Assert.That(loaded.Model.Encoder.Norm.Weight[0].item<float>(), Is.EqualTo(7));
        foreach (var (name, parameter) in ParameterAssert.Parameters(untouched))
            Assert.That(parameter.bytes.SequenceEqual(before[name]), Is.True, $"{name} of another model that maps the older file");
    }

    [TestCase(ScalarType.BFloat16)]
    [TestCase(ScalarType.Float16)]
    public void FromPretrained_AsFloat32_UpcastsExactly(ScalarType stored)
    {
        using var saved = SampleModel.RandomLM(options: new() { DType = stored });
        saved.SavePretrained(_folder.Path);
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path, new() { DType = ScalarType.Float32 });
        Assert.That(loaded.DType, Is.EqualTo(ScalarType.Float32));
        var originals = ParameterAssert.Parameters(saved);
        foreach (var (name, parameter) in ParameterAssert.Parameters(loaded))
        {
            using var expected = originals[name].detach().to(ScalarType.Float32);
            ParameterAssert.Equal(parameter, expected, name);
        }
    }

    [Test]
    public void FromPretrained_AsBFloat16_Rounds()
    {
        using var saved = SampleModel.RandomLM();
        saved.SavePretrained(_folder.Path);
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path, new() { DType = ScalarType.BFloat16 });
        using var expected = saved.Model.Encoder.Norm.Weight.detach().to(ScalarType.BFloat16);
        ParameterAssert.Equal(loaded.Model.Encoder.Norm.Weight, expected, "norm");
        loaded.SavePretrained(_folder.Path);
        Assert.That(T5GemmaConfig.FromPretrained(_folder.Path).DType, Is.EqualTo(ScalarType.BFloat16), "the file names what is stored");
    }

    [Test]
    public void SavePretrained_UnknownConfigKeys_AreKept()
    {
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(_folder.Path);
        var config = JsonNode.Parse(File.ReadAllText(_folder["config.json"]))!.AsObject();
        config["my_note"] = new JsonObject { ["text"] = "kept" };
        config["decoder"]!["my_number"] = 1.5; // the file has a decoder
        File.WriteAllText(_folder["config.json"], config.ToJsonString());

        using (var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path))
            loaded.SavePretrained(_folder.Path);

        Assert.That(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(_folder["config.json"])), config), Is.True);
    }

    [Test]
    public void SavePretrained_GenerationConfig_IsKeptWithUnknownKeys()
    {
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(_folder.Path);
        const string Stored = """{ "bos_token_id": 2, "eos_token_id": [1, 66], "max_new_tokens": 3, "pad_token_id": 0, "transformers_version": "4.53.0" }""";
        File.WriteAllText(_folder["generation_config.json"], Stored);

        using (var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path))
        {
            Assert.That(loaded.GenerationConfig.EosTokenId, Is.EqualTo(new long[] { 1, 66 }));
            loaded.SavePretrained(_folder.Path);
        }

        Assert.That(JsonNode.DeepEquals(JsonNode.Parse(File.ReadAllText(_folder["generation_config.json"])), JsonNode.Parse(Stored)), Is.True);
    }

    [Test]
    public void FromPretrained_WithoutGenerationConfig_TakesTheModelsIds()
    {
        using (var saved = SampleModel.RandomLM(SampleModel.Config with { EosTokenId = [1, 60], BosTokenId = 4 }))
            saved.SavePretrained(_folder.Path);
        File.Delete(_folder["generation_config.json"]);
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded.GenerationConfig.EosTokenId, Is.EqualTo(new long[] { 1, 60 }));
            Assert.That(loaded.GenerationConfig.BosTokenId, Is.EqualTo(4));
            Assert.That(loaded.GenerationConfig.PadTokenId, Is.Zero);
        }
    }

    [Test]
    public void FromPretrained_GenerationConfigThatContradictsTheModels_Wins()
    {
        using (var saved = SampleModel.RandomLM())
            saved.SavePretrained(_folder.Path);
        File.WriteAllText(_folder["generation_config.json"], """{ "_from_model_config": true, "bos_token_id": 7, "eos_token_id": 9 }""");
        using var loaded = T5GemmaForConditionalGeneration.FromPretrained(_folder.Path);
        using var generated = loaded.Generate(new() { InputIds = SampleModel.SourceIds(), AttentionMask = SampleModel.SourceMask() }, new() { MaxNewTokens = 2 }).Sequences;
        Assert.That(generated.select(1, 0).data<long>().ToArray(), Is.All.EqualTo(7));
    }

    [Test]
    public void SavePretrained_OfAClassifierOverAGenerator_LeavesAFolderThatLoads()
    {
        using (var generator = SampleModel.RandomLM())
            generator.SavePretrained(_folder.Path);
        using (var classifier = SampleModel.Random(ModelClass.All[4]))
            ModelClass.Save(classifier, _folder.Path);
        using var loaded = T5GemmaForSequenceClassification.FromPretrained(_folder.Path);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(loaded.Config.IsEncoderDecoder, Is.False);
            Assert.That(loaded.Config.Architectures, Is.EqualTo(new[] { nameof(T5GemmaForSequenceClassification) }));
        }
    }

    [Test]
    public void SavePretrained_BadShardSize_ThrowsAndLeavesTheFolder()
    {
        using var model = SampleModel.RandomLM();
        model.SavePretrained(_folder.Path);
        var before = _folder.FileNames.ToDictionary(name => name, name => File.ReadAllBytes(_folder[name]));
        Assert.That(() => model.SavePretrained(_folder.Path, maxShardSizeInBytes: 0), Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(_folder.FileNames, Is.EqualTo(before.Keys));
        foreach (var (name, bytes) in before)
            Assert.That(File.ReadAllBytes(_folder[name]), Is.EqualTo(bytes), name);
    }
}
