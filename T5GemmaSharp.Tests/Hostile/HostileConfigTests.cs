using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tests.Support;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Hostile;

/// <summary>Damaged and absurd configuration files beside good weights.</summary>
public sealed class HostileConfigTests
{
    private ScratchFolder _folder = null!;
    private string _good = null!;

    [OneTimeSetUp]
    public void SaveModel()
    {
        _folder = new ScratchFolder();
        using var model = SampleModel.RandomLM();
        model.SavePretrained(_folder.Path);
        _good = File.ReadAllText(_folder["config.json"]);
    }

    [OneTimeTearDown]
    public void RemoveFolder() => _folder.Dispose();

    [TestCase("encoder.hidden_size", "\"24\"", "hidden_size")]
    [TestCase("encoder.hidden_size", "24.5", "hidden_size")]
    [TestCase("encoder.hidden_size", "1e30", "hidden_size")]
    [TestCase("encoder.hidden_size", "null", "hidden_size")]
    [TestCase("encoder.hidden_size", "true", "hidden_size")]
    [TestCase("encoder.hidden_size", "[24]", "hidden_size")]
    [TestCase("encoder.hidden_size", "0", "encoder.hidden_size")]
    [TestCase("encoder.hidden_size", "-24", "encoder.hidden_size")]
    [TestCase("encoder.hidden_size", "25", "num_attention_heads")]
    [TestCase("encoder.hidden_size", "9007199254740993", "encoder.hidden_size")]
    [TestCase("encoder.vocab_size", "9223372036854775807", "encoder.vocab_size")]
    [TestCase("decoder.vocab_size", "9223372036854775808", "vocab_size")]
    [TestCase("decoder.num_hidden_layers", "0", "decoder.num_hidden_layers")]
    [TestCase("decoder.num_hidden_layers", "-1", "decoder.num_hidden_layers")]
    [TestCase("decoder.num_hidden_layers", "60000000", "decoder.num_hidden_layers: expected 1 to 4096")]
    [TestCase("decoder.num_hidden_layers", "2147483647", "decoder.num_hidden_layers")]
    [TestCase("decoder.num_hidden_layers", "2147483648", "num_hidden_layers")]
    [TestCase("decoder.num_hidden_layers", "\"two\"", "num_hidden_layers")]
    [TestCase("decoder.head_dim", "7", "decoder.head_dim")]
    [TestCase("decoder.head_dim", "0", "decoder.head_dim")]
    [TestCase("decoder.num_attention_heads", "0", "decoder.num_attention_heads")]
    [TestCase("encoder.num_key_value_heads", "3", "encoder.num_attention_heads")]
    [TestCase("encoder.intermediate_size", "67108865", "encoder.intermediate_size")]
    [TestCase("encoder.sliding_window", "null", "encoder.sliding_window")]
    [TestCase("encoder.sliding_window", "0", "encoder.sliding_window")]
    [TestCase("encoder.sliding_window", "-5", "encoder.sliding_window")]
    [TestCase("encoder.layer_types", "[\"full_attention\"]", "encoder.layer_types")]
    [TestCase("encoder.layer_types", "\"full_attention\"", "layer_types")]
    [TestCase("encoder.layer_types", "[\"full_attention\", \"chunked_attention\", \"full_attention\"]", "chunked_attention")]
    [TestCase("encoder.layer_types", "[1, 2, 3]", "layer_types")]
    [TestCase("encoder.rms_norm_eps", "-1e-6", "encoder.rms_norm_eps")]
    [TestCase("encoder.rms_norm_eps", "1e999", "rms_norm_eps")]
    [TestCase("encoder.query_pre_attn_scalar", "0", "encoder.query_pre_attn_scalar")]
    [TestCase("encoder.attn_logit_softcapping", "0", "encoder.attn_logit_softcapping")]
    [TestCase("decoder.final_logit_softcapping", "\"x\"", "final_logit_softcapping")]
    [TestCase("encoder.attention_bias", "1", "attention_bias")]
    [TestCase("encoder.attention_bias", "\"false\"", "attention_bias")]
    [TestCase("encoder.hidden_activation", "\"exp\"", "hidden_activation")]
    [TestCase("encoder.hidden_activation", "7", "hidden_activation")]
    [TestCase("encoder.hidden_activation", "\"\\ud800\"", "Unicode")]
    [TestCase("encoder.pad_token_id", "61", "encoder.pad_token_id")]
    [TestCase("encoder.pad_token_id", "-1", "encoder.pad_token_id")]
    [TestCase("encoder.model_type", "\"gemma2\"", "model_type")]
    [TestCase("encoder.rope_parameters", "5", "rope_parameters")]
    [TestCase("encoder.rope_parameters", "[]", "rope_parameters")]
    [TestCase("encoder.rope_scaling", "\"linear\"", "rope_scaling")]
    [TestCase("encoder.rope_parameters", "{\"rope_type\": \"yarn\", \"factor\": 4.0}", "yarn")]
    [TestCase("encoder.rope_parameters", "{\"rope_type\": \"linear\"}", "factor")]
    [TestCase("encoder.rope_parameters", "{\"rope_type\": 3}", "rope_type")]
    [TestCase("encoder.rope_parameters", "{\"rope_theta\": 0}", "rope_theta")]
    [TestCase("encoder.rope_parameters", "{\"rope_theta\": \"big\"}", "rope_theta")]
    [TestCase("decoder.head_dim", "60000000", "decoder.num_attention_heads times head_dim")]
    [TestCase("encoder.initializer_range", "-0.1", "encoder.initializer_range")]
    [TestCase("encoder", "[]", "encoder")]
    [TestCase("encoder", "\"small\"", "encoder")]
    [TestCase("model_type", "\"t5\"", "model_type")]
    [TestCase("model_type", "5", "model_type")]
    [TestCase("model_type", "\"\\ud800\"", "Unicode")]
    [TestCase("dtype", "\"int8\"", "dtype")]
    [TestCase("dtype", "16", "dtype")]
    [TestCase("dropout_rate", "1", "dropout_rate")]
    [TestCase("dropout_rate", "-0.5", "dropout_rate")]
    [TestCase("dropout_rate", "\"none\"", "dropout_rate")]
    [TestCase("tie_word_embeddings", "\"yes\"", "tie_word_embeddings")]
    [TestCase("tie_word_embeddings", "null", "tie_word_embeddings")]
    [TestCase("is_encoder_decoder", "2", "is_encoder_decoder")]
    [TestCase("eos_token_id", "\"</s>\"", "eos_token_id")]
    [TestCase("eos_token_id", "[1, \"x\"]", "eos_token_id")]
    [TestCase("eos_token_id", "1.5", "eos_token_id")]
    [TestCase("eos_token_id", "{}", "eos_token_id")]
    [TestCase("pad_token_id", "[0]", "pad_token_id")]
    [TestCase("id2label", "[\"a\"]", "id2label")]
    [TestCase("id2label", "{}", "id2label")]
    [TestCase("id2label", "{\"0\": \"a\", \"2147483647\": \"b\"}", "id2label")]
    [TestCase("id2label", "{\"zero\": \"a\"}", "id2label")]
    [TestCase("id2label", "{\"0\": 7}", "id2label")]
    [TestCase("problem_type", "\"ranking\"", "problem_type")]
    [TestCase("architectures", "\"T5Gemma\"", "architectures")]
    [TestCase("architectures", "[7]", "architectures")]
    public void FromPretrained_ImpossibleValue_NamesFileAndField(string field, string value, string expectedInMessage)
    {
        var config = JsonNode.Parse(_good)!.AsObject();
        var steps = field.Split('.');
        var node = steps.Length == 1 ? config : config[steps[0]]!.AsObject(); // both stacks are there
        node[steps[^1]] = "\0value";
        AssertRefused(config.ToJsonString().Replace("\"\\u0000value\"", value, StringComparison.Ordinal), expectedInMessage);
    }

    [TestCase("encoder", 1L << 26, 1L << 26)]
    [TestCase("decoder", 1L << 26, 1L << 20)]
    public void FromPretrained_TableNoMachineHolds_NamesTheSizes(string stack, long vocabSize, long hiddenSize)
    {
        var config = JsonNode.Parse(_good)!.AsObject();
        config[stack]!["vocab_size"] = vocabSize; // both stacks are there
        config[stack]!["hidden_size"] = hiddenSize;
        config[stack]!["num_attention_heads"] = 4;
        config[stack]!["num_key_value_heads"] = 2;
        AssertRefused(config.ToJsonString(), $"{stack}.vocab_size");
    }

    [TestCase("", "")]
    [TestCase("   ", "")]
    [TestCase("null", "object")]
    [TestCase("[]", "object")]
    [TestCase("\"t5gemma\"", "object")]
    [TestCase("{\"encoder\": {\"hidden_size\": 24}", "")]
    [TestCase("{\"encoder\": {}} trailing", "")]
    [TestCase("{\"encoder\": {\"hidden_size\": 24, \"hidden_size\": 25}}", "hidden_size")]
    [TestCase("{\"\\ud800\": 1}", "Unicode")]
    [TestCase("{\"my_note\": \"\\ud800\"}", "")]
    [TestCase("{'encoder': {}}", "")]
    public void FromPretrained_MalformedText_NamesTheFile(string text, string expectedInMessage) => AssertRefused(text, expectedInMessage);

    [Test]
    public void FromPretrained_DeeplyNestedText_NamesTheFile() =>
        AssertRefused(string.Concat(Enumerable.Repeat("{\"a\":", 100_000)), "config.json");

    [Test]
    public void FromPretrained_BinaryFile_NamesTheFile()
    {
        var noise = new byte[4096];
        new Random(5).NextBytes(noise);
        File.WriteAllBytes(_folder["config.json"], noise);
        Assert.That(() => T5GemmaForConditionalGeneration.FromPretrained(_folder.Path), Throws.TypeOf<T5GemmaConfigException>().With.Message.StartsWith(_folder["config.json"]));
    }

    [Test]
    public void FromPretrained_ByteOrderMark_IsAccepted()
    {
        File.WriteAllText(_folder["config.json"], "\uFEFF" + _good);
        T5GemmaForConditionalGeneration.FromPretrained(_folder.Path).Dispose();
    }

    [Test]
    public void FromPretrained_ImpossibleOptions_AreRefused()
    {
        File.WriteAllText(_folder["config.json"], _good);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => T5GemmaForSequenceClassification.FromPretrained(_folder.Path, new() { NumLabels = 0 }), Throws.InstanceOf<ArgumentOutOfRangeException>());
            Assert.That(() => T5GemmaForSequenceClassification.FromPretrained(_folder.Path, new() { NumLabels = 1, ProblemType = ProblemType.SingleLabelClassification }),
                Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("problem_type"));
            Assert.That(() => T5GemmaForConditionalGeneration.FromPretrained(_folder.Path, new() { DType = ScalarType.Int64 }), Throws.ArgumentException.With.Message.Contains("Int64"));
        }
    }

    [Test]
    public void FromConfig_ImpossibleSizes_AreNamed()
    {
        var config = SampleModel.Config with { Decoder = SampleModel.Config.Decoder with { NumHiddenLayers = -2 } };
        using (Assert.EnterMultipleScope())
        {
            Assert.That(() => T5GemmaForConditionalGeneration.FromConfig(config), Throws.TypeOf<T5GemmaConfigException>().With.Message.Contains("decoder.num_hidden_layers"));
            Assert.That(config.Validate, Throws.TypeOf<T5GemmaConfigException>());
        }
    }

    private void AssertRefused(string text, string expectedInMessage)
    {
        File.WriteAllText(_folder["config.json"], text);
        Assert.That(() => T5GemmaForConditionalGeneration.FromPretrained(_folder.Path),
            Throws.TypeOf<T5GemmaConfigException>().With.Message.StartsWith(_folder["config.json"]).And.Message.Contains(expectedInMessage));
        File.WriteAllText(_folder["config.json"], _good);
        T5GemmaForConditionalGeneration.FromPretrained(_folder.Path).Dispose();
    }
}
