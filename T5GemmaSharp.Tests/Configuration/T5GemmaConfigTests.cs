using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Configuration;

public sealed class T5GemmaConfigTests
{
    private const string Generation4 = """
        {
          "architectures": ["T5GemmaForConditionalGeneration"], "attention_dropout": 0.0, "bos_token_id": 2, "classifier_dropout_rate": 0.1,
          "decoder": {
            "attention_bias": false, "attn_logit_softcapping": 50.0, "classifier_dropout_rate": 0.1, "dropout_rate": 0.3, "eos_token_id": 1, "head_dim": 64,
            "hidden_activation": "gelu_pytorch_tanh", "hidden_size": 768, "intermediate_size": 2048, "is_decoder": true, "model_type": "t5_gemma_module",
            "num_attention_heads": 12, "num_hidden_layers": 2, "num_key_value_heads": 12, "query_pre_attn_scalar": 64, "rope_theta": 20000.0,
            "sliding_window": 4096, "torch_dtype": "bfloat16", "vocab_size": 256000, "num_beams": 1
          },
          "dropout_rate": 0.05,
          "encoder": { "hidden_size": 512, "num_attention_heads": 8, "num_key_value_heads": 4, "head_dim": 64, "num_hidden_layers": 3,
            "rope_scaling": { "type": "linear", "factor": 2.0 }, "attn_logit_softcapping": null },
          "eos_token_id": [1, 107], "is_encoder_decoder": true, "model_type": "t5gemma", "pad_token_id": 0, "torch_dtype": "bfloat16",
          "transformers_version": "4.53.0.dev0", "use_cache": true
        }
        """;

    [Test]
    public void FromJson_Generation4_ReadsLegacyNames()
    {
        var config = T5GemmaConfig.FromJson(Generation4);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(config.DType, Is.EqualTo(ScalarType.BFloat16));
            Assert.That(config.EosTokenId, Is.EqualTo(new long[] { 1, 107 }));
            Assert.That(config.Decoder.RopeParameters.RopeTheta, Is.EqualTo(20000.0));
            Assert.That(config.Encoder.RopeParameters, Is.EqualTo(new RopeParameters { RopeType = "linear", Factor = 2.0 }));
            Assert.That(config.Encoder.AttnLogitSoftcapping, Is.Null, "an explicit null switches the cap off");
            Assert.That(config.Encoder.FinalLogitSoftcapping, Is.EqualTo(30.0), "a missing key takes the default");
            Assert.That(config.Decoder.DropoutRate, Is.EqualTo(0.05), "the top level's rate wins");
            Assert.That(config.Decoder.CrossAttentionHiddenSize, Is.EqualTo(512));
            Assert.That(config.Encoder.LayerTypes, Is.EqualTo(new[] { LayerType.SlidingAttention, LayerType.FullAttention, LayerType.SlidingAttention }));
            Assert.That(config.AdditionalProperties, Contains.Key("use_cache"));
            Assert.That(config.Decoder.AdditionalProperties, Contains.Key("num_beams"));
        }
    }

    [Test]
    public void ToJson_BothGenerations_RoundTripsToTheSameText()
    {
        var first = T5GemmaConfig.FromJson(Generation4).ToJson();
        var second = T5GemmaConfig.FromJson(first).ToJson();
        var node = JsonNode.Parse(first)!.AsObject();
        using (Assert.EnterMultipleScope())
        {
            Assert.That(second, Is.EqualTo(first));
            Assert.That(node["dtype"]!.GetValue<string>(), Is.EqualTo("bfloat16"));
            Assert.That(node["decoder"]!["rope_parameters"]!["rope_theta"]!.GetValue<double>(), Is.EqualTo(20000.0));
            Assert.That(node["decoder"]!.AsObject().ContainsKey("rope_theta"), Is.False);
            Assert.That(node["decoder"]!["num_beams"]!.GetValue<int>(), Is.EqualTo(1), "unknown keys survive");
            Assert.That(node["transformers_version"]!.GetValue<string>(), Is.EqualTo("4.53.0.dev0"));
        }
    }

    [Test]
    public void ToJson_WholeNumbers_KeepTheKindThatTheReferenceDeclares()
    {
        var json = new T5GemmaConfig().ToJson();
        Assert.That(json, Does.Contain("\"final_logit_softcapping\": 30.0,").And.Contain("\"dropout_rate\": 0.0,")
            .And.Contain("\"rope_theta\": 10000.0").And.Contain("\"query_pre_attn_scalar\": 256,").And.Contain("\"rms_norm_eps\": 1E-06,"));
    }

    [Test]
    public void FromJson_EmptyObject_GivesTheDefaults()
    {
        Assert.That(T5GemmaConfig.FromJson("{}").ToJson(), Is.EqualTo(new T5GemmaConfig().ToJson()));
    }

    [Test]
    public void FromJson_SingleStack_IsEncoderOnly()
    {
        var config = T5GemmaConfig.FromJson("""{ "model_type": "t5_gemma_module", "hidden_size": 64, "num_attention_heads": 4 }""");
        using (Assert.EnterMultipleScope())
        {
            Assert.That(config.IsEncoderDecoder, Is.False);
            Assert.That(config.Encoder.HiddenSize, Is.EqualTo(64));
        }
    }

    [TestCase("""{ "encoder": { "hidden_size": "wide" } }""", "hidden_size")]
    [TestCase("""{ "encoder": { "hidden_activation": "gelu_of_doom" } }""", "gelu_of_doom")]
    [TestCase("""{ "encoder": 3 }""", "encoder")]
    [TestCase("""{ "model_type": "bert" }""", "bert")]
    [TestCase("""{ "dtype": "float3" }""", "float3")]
    [TestCase("""{ "dropout_rate": 0.1, "dropout_rate": 0.2 }""", "dropout_rate")]
    [TestCase("""[1]""", "object")]
    [TestCase("""{ "encoder": """, "")]
    [TestCase("""{ "id2label": { "0": "a", "2": "b" } }""", "0, 2")]
    [TestCase("""{ "encoder": { "vocab_size": 99999999999999999999 } }""", "vocab_size")]
    public void FromJson_Malformed_NamesTheField(string json, string expectedInMessage)
    {
        Assert.That(() => T5GemmaConfig.FromJson(json), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains(expectedInMessage));
    }

    [Test]
    public void Validate_SeveralFaults_ReportsAll()
    {
        var config = new T5GemmaConfig
        {
            DropoutRate = 1.5,
            Encoder = new() { HiddenSize = -1, LayerTypes = [LayerType.FullAttention] },
            Decoder = new() { NumAttentionHeads = 6, SlidingWindow = null, RopeParameters = new() { RopeType = "yarn" } },
        };
        var fault = Assert.Throws<T5GemmaConfigException>(config.Validate);
        Assert.That(fault!.Faults, Has.Count.EqualTo(6).And.Some.Contains("encoder.hidden_size").And.Some.Contains("encoder.layer_types")
            .And.Some.Contains("decoder.num_attention_heads").And.Some.Contains("decoder.sliding_window").And.Some.Contains("yarn").And.Some.Contains("dropout_rate"));
    }

    [Test]
    public void FromPretrained_MissingFolderOrFile_SaysWhich()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => T5GemmaConfig.FromPretrained(Path.Combine(folder, "none")), Throws.TypeOf<DirectoryNotFoundException>().With.Message.Contains("none"));
            Assert.That(() => T5GemmaConfig.FromPretrained(folder), Throws.TypeOf<FileNotFoundException>().With.Message.Contains("config.json"));
        }
        Directory.Delete(folder);
    }

    [Test]
    public void WithNumLabels_Three_NamesThem()
    {
        var config = new T5GemmaConfig().WithNumLabels(3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(config.NumLabels, Is.EqualTo(3));
            Assert.That(T5GemmaConfig.FromJson(config.ToJson()).Id2Label, Is.EqualTo(new[] { "LABEL_0", "LABEL_1", "LABEL_2" }));
            Assert.That(new T5GemmaConfig().NumLabels, Is.EqualTo(2));
        }
    }

    [Test]
    public void WithLabels_Names_AreWrittenInBothDirections()
    {
        var json = JsonNode.Parse(new T5GemmaConfig().WithNumLabels(3).WithLabels(["no", "yes"]).ToJson())!;
        using (Assert.EnterMultipleScope())
        {
            Assert.That(json["id2label"]!.ToJsonString(), Is.EqualTo("""{"0":"no","1":"yes"}"""));
            Assert.That(json["label2id"]!.ToJsonString(), Is.EqualTo("""{"no":0,"yes":1}"""));
        }
    }

    [TestCase(new string[0], "at least one class, got none")]
    [TestCase(new[] { "a", "b", "a" }, "got a 2 times")]
    public void WithLabels_NoneOrTheSameTwice_IsRefused(string[] names, string problem)
        => Assert.That(() => new T5GemmaConfig().WithLabels(names), Throws.ArgumentException.With.Message.Contains(problem));
}
