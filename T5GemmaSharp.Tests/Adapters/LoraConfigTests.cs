using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Adapters;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Tests.Adapters;

public sealed class LoraConfigTests
{
    // Written by hand in the form of PEFT's files, with the fields that this library does not read and one that nobody knows.
    private const string PeftJson = """
        {
          "alora_invocation_tokens": null, "alpha_pattern": {"v_proj": 3}, "arrow_config": null, "auto_mapping": null, "base_model_name_or_path": "google/t5gemma-b-b-ul2",
          "bias": "none", "corda_config": null, "ensure_weight_tying": false, "eva_config": null, "exclude_modules": null, "fan_in_fan_out": false, "inference_mode": true,
          "init_lora_weights": true, "layer_replication": null, "layers_pattern": null, "layers_to_transform": null, "loftq_config": {}, "lora_alpha": 16, "lora_bias": false,
          "lora_dropout": 0.1, "megatron_config": null, "megatron_core": "megatron.core", "modules_to_save": null, "peft_type": "LORA", "peft_version": "0.18.0",
          "qalora_group_size": 16, "r": 4, "rank_pattern": {"z": 1, "a": 2}, "revision": null, "target_modules": ["v_proj", "q_proj"], "target_parameters": null,
          "task_type": "SEQ_2_SEQ_LM", "trainable_token_indices": null, "use_dora": true, "use_qalora": false, "use_rslora": true, "field_of_the_future": {"b": 1, "a": [2]}
        }
        """;

    [Test]
    public void ToJson_Fresh_HasTheFieldsThatPeftNeeds()
    {
        var json = JsonNode.Parse(new LoraConfig { TaskType = "SEQ_2_SEQ_LM", ModulesToSave = ["score"] }.ToJson())!.AsObject();
        Assert.That(json.Select(pair => $"{pair.Key}={pair.Value?.ToJsonString() ?? "null"}"), Is.EqualTo(new[]
        {
            "alpha_pattern={}", "base_model_name_or_path=null", "bias=\"none\"", "exclude_modules=null", "fan_in_fan_out=false", "inference_mode=false", "init_lora_weights=true",
            "layers_pattern=null", "layers_to_transform=null", "lora_alpha=8.0", "lora_dropout=0.0", "modules_to_save=[\"score\"]", "peft_type=\"LORA\"", "peft_version=\"0.18.0\"",
            "r=8", "rank_pattern={}", "revision=null", "target_modules=[\"q_proj\",\"k_proj\",\"v_proj\",\"o_proj\",\"gate_proj\",\"up_proj\",\"down_proj\"]",
            "task_type=\"SEQ_2_SEQ_LM\"", "use_dora=false", "use_rslora=false",
        }));
    }

    [Test]
    public void FromJson_PeftsFile_IsReadAndLosesNothing()
    {
        var config = LoraConfig.FromJson(PeftJson);
        Assert.Multiple(() =>
        {
            Assert.That((config.R, config.LoraAlpha, config.LoraDropout, config.UseDora, config.UseRslora), Is.EqualTo((4, 16.0, 0.1, true, true)));
            Assert.That(config.TargetModules!.Names, Is.EqualTo(new[] { "v_proj", "q_proj" }));
            Assert.That(config.RankPattern!.Keys, Is.EqualTo(new[] { "z", "a" }), "the order decides");
            Assert.That(config.AlphaPattern!["v_proj"], Is.EqualTo(3));
            Assert.That(config.BaseModelNameOrPath, Is.EqualTo("google/t5gemma-b-b-ul2"));
        });
        var (given, written) = (JsonNode.Parse(PeftJson)!.AsObject(), JsonNode.Parse(config.ToJson())!.AsObject());
        Assert.That(written.Select(pair => pair.Key), Is.EqualTo(given.Select(pair => pair.Key).Order(StringComparer.Ordinal)));
        foreach (var (key, value) in given)
            Assert.That(key is "lora_alpha" or "alpha_pattern" || JsonNode.DeepEquals(value, written[key]), Is.True, key);
        Assert.That(written["rank_pattern"]!.ToJsonString(), Is.EqualTo("""{"z":1,"a":2}"""));
    }

    [Test]
    public void FromJson_FewFields_TakesPeftsDefaults()
    {
        var config = LoraConfig.FromJson("""{"target_modules": "all-linear", "layers_pattern": null, "rank_pattern": null}""");
        Assert.Multiple(() =>
        {
            Assert.That((config.R, config.LoraAlpha, config.LoraDropout, config.Bias, config.PeftType, config.PeftVersion), Is.EqualTo((8, 8.0, 0.0, "none", "LORA", (string?)null)));
            Assert.That(config.TargetModules, Is.SameAs(ModuleSelection.AllLinear));
            Assert.That(config.RankPattern, Is.Null);
        });
    }

    [Test]
    public void FromJson_SingleElements_AreLists()
    {
        var config = LoraConfig.FromJson("""{"target_modules": ["q_proj"], "layers_to_transform": 3, "layers_pattern": "layers", "modules_to_save": "score"}""");
        Assert.Multiple(() =>
        {
            Assert.That(config.LayersToTransform, Is.EqualTo(new[] { 3 }));
            Assert.That(config.LayersPattern, Is.EqualTo(new[] { "layers" }));
            Assert.That(config.ModulesToSave, Is.EqualTo(new[] { "score" }));
        });
    }

    [TestCase(".*\\.q_proj", "\".*\\\\.q_proj\"")]
    [TestCase("all-linear", "\"all-linear\"")]
    public void ToJson_Expression_IsAString(string pattern, string expected)
    {
        var config = LoraConfig.FromJson($$"""{"target_modules": {{expected}}}""");
        Assert.That(config.TargetModules!.ToString(), Is.EqualTo(pattern));
        Assert.That(JsonNode.Parse(config.ToJson())!["target_modules"]!.GetValue<string>(), Is.EqualTo(pattern));
    }

    [Test]
    public void Validate_ManyFaults_AreAllNamed()
    {
        var config = new LoraConfig
        {
            R = 0,
            LoraAlpha = double.NaN,
            LoraDropout = 1,
            Bias = "some",
            TaskType = "DANCING",
            TargetModules = ModuleSelection.Matching("(q"),
            ExcludeModules = ModuleSelection.Named(),
            ModulesToSave = [""],
            LayersToTransform = [1, -2],
            LayersPattern = ["["],
            RankPattern = new Dictionary<string, int> { ["a"] = 100_000, ["*"] = 1 },
            AlphaPattern = new Dictionary<string, double> { ["b"] = double.PositiveInfinity, [")"] = 1 },
        };
        var fault = Assert.Throws<T5GemmaConfigException>(config.Validate);
        string[] expected =
        [
            "task_type: expected one of", "bias: expected none, all or lora_only, got some", "lora_dropout: expected a rate from 0 to below 1, got 1", "r: expected 1 to 65536, got 0",
            "rank_pattern.a: expected 1 to 65536, got 100000", "lora_alpha: expected a finite number, got NaN", "alpha_pattern.b: expected a finite number, got ",
            "target_modules: expected a regular expression of .NET, got '(q'", "exclude_modules: expected at least one name", "modules_to_save: expected names, got an empty one",
            "layers_to_transform: expected numbers from 0, got -2", "layers_to_transform: expected with names in target_modules, got it with (q", "layers_pattern: expected a regular expression",
            "rank_pattern: expected a regular expression of .NET, got '*'", "alpha_pattern: expected a regular expression of .NET, got ')'",
        ];
        Assert.That(fault!.Faults, Has.Count.EqualTo(expected.Length));
        foreach (var (actual, start) in fault.Faults.Zip(expected))
            Assert.That(actual, Does.StartWith(start));
        Assert.That(() => new LoraConfig { LayersPattern = ["layers"] }.Validate(), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("layers_pattern: expected with layers_to_transform"));
        Assert.That(() => new LoraConfig { TargetModules = null }.Validate(), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("target_modules: expected names"));
        Assert.That(() => new LoraConfig { TargetModules = ModuleSelection.Named("") }.Validate(), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("an empty one"));
    }

    [TestCase("peft_type", "\"LOHA\"")]
    [TestCase("peft_type", "null")]
    [TestCase("bias", "\"all\"")]
    [TestCase("bias", "\"lora_only\"")]
    [TestCase("use_qalora", "true")]
    [TestCase("lora_bias", "true")]
    [TestCase("fan_in_fan_out", "true")]
    [TestCase("layer_replication", "[[0, 2]]")]
    [TestCase("trainable_token_indices", "[1]")]
    [TestCase("trainable_token_indices", "{\"embed_tokens\": [1]}")]
    [TestCase("target_parameters", "[\"weight\"]")]
    [TestCase("alora_invocation_tokens", "[1]")]
    [TestCase("arrow_config", "{\"top_k\": 1}")]
    [TestCase("use_bdlora", "true")]
    [TestCase("megatron_config", "{\"a\": 1}")]
    [TestCase("init_lora_weights", "\"pissa_niter_4\"")]
    [TestCase("init_lora_weights", "\"olora\"")]
    [TestCase("init_lora_weights", "\"corda\"")]
    [TestCase("init_lora_weights", "\"loftq\"")]
    public void FromJson_WhatChangesTheMathsOtherwise_IsRefusedByName(string field, string value)
        => Assert.That(() => LoraConfig.FromJson($$"""{"{{field}}": {{value}}}"""), Throws.TypeOf<NotSupportedException>().With.Message.Contains($"{field}: "));

    [Test]
    public void FromJson_SeveralUnsupported_AreAllNamed()
        => Assert.That(() => LoraConfig.FromJson("""{"peft_type": "IA3", "lora_bias": true, "bias": "all"}"""), Throws.TypeOf<NotSupportedException>()
            .With.Message.Contains("peft_type").And.Message.Contains("lora_bias").And.Message.Contains("bias: only none"));

    [TestCase("[]", "expected a JSON object")]
    [TestCase("{\"r\": \"8\"}", "r: ")]
    [TestCase("{\"r\": 8, \"r\": 9}", "r")]
    [TestCase("{\"target_modules\": [1]}", "expected a name, got Number")]
    [TestCase("{\"target_modules\": 1}", "expected a list of names or a regular expression")]
    public void FromJson_WrongType_SaysWhere(string json, string expected)
        => Assert.That(() => LoraConfig.FromJson(json, "adapter.json"), Throws.TypeOf<T5GemmaConfigException>().With.Message.StartsWith("adapter.json: ").And.Message.Contains(expected));
}
