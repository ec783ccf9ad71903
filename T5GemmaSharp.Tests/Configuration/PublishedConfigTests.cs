using System.Text.Json.Nodes;
using System.Text.Json.Serialization.Metadata;
using NUnit.Framework;
using T5GemmaSharp.Configuration;

namespace T5GemmaSharp.Tests.Configuration;

/// <summary>Configuration files of both generations, against what transformers makes of them.</summary>
public sealed class PublishedConfigTests
{
    private static readonly HashSet<string> TopKeys = Keys(T5GemmaJsonContext.Default.T5GemmaConfig);
    private static readonly HashSet<string> StackKeys = Keys(T5GemmaJsonContext.Default.T5GemmaModuleConfig);

    // What 4.x wrote of its base class into every level. The first set is generation's, which transformers 5.x drops from a model's configuration.
    private static readonly string[] LegacyGeneration =
    [
        "bad_words_ids", "begin_suppress_tokens", "diversity_penalty", "do_sample", "early_stopping", "encoder_no_repeat_ngram_size", "exponential_decay_length_penalty",
        "forced_bos_token_id", "forced_eos_token_id", "length_penalty", "max_length", "min_length", "no_repeat_ngram_size", "num_beam_groups", "num_beams",
        "num_return_sequences", "output_scores", "remove_invalid_values", "repetition_penalty", "return_dict_in_generate", "suppress_tokens", "temperature", "top_k", "top_p", "typical_p",
    ];

    private static readonly string[] LegacyBase =
    [
        "_name_or_path", "add_cross_attention", "chunk_size_feed_forward", "decoder_start_token_id", "finetuning_task", "label2id", "output_attentions", "output_hidden_states",
        "prefix", "pruned_heads", "return_dict", "sep_token_id", "task_specific_params", "tf_legacy_loss", "tie_encoder_decoder", "tokenizer_class", "torchscript", "use_bfloat16",
    ];

    private static IEnumerable<TestCaseData> NotModelled()
    {
        yield return new("b-b.v5", new[] { "transformers_version" }, Array.Empty<string>());
        yield return new("9b-2b.v5", new[] { "transformers_version" }, Array.Empty<string>());
        yield return new("b-b.v4", new[] { "transformers_version", "use_cache" }, new[] { "classifier_dropout_rate", "dtype" });
        yield return new("2b-2b.v4", new[] { "transformers_version", "use_cache" }, new[] { "classifier_dropout_rate", "dtype" });
        yield return new("b-b.v4-legacy",
            new[] { "transformers_version", "use_cache" }.Concat(LegacyBase).Concat(LegacyGeneration).ToArray(),
            new[] { "classifier_dropout_rate", "dtype", "id2label", "is_encoder_decoder", "problem_type" }.Concat(LegacyBase).Concat(LegacyGeneration).ToArray());
    }

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Fixtures", "Configs");

    private static IEnumerable<string> Names =>
        Directory.GetFiles(Folder, "*.json").Select(path => Path.GetFileNameWithoutExtension(path)).Where(name => !name.EndsWith(".expected", StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    [TestCaseSource(nameof(Names))]
    public void FromJson_PublishedFile_EqualsTransformers(string name)
    {
        var actual = JsonNode.Parse(Load(name).ToJson())!.AsObject();
        var expected = Parse($"{name}.expected.json");
        actual["id2label"] ??= new JsonObject { ["0"] = "LABEL_0", ["1"] = "LABEL_1" }; // null stands for the default that transformers writes out
        using (Assert.EnterMultipleScope())
        {
            AssertEqual(actual, expected, TopKeys.Except(["encoder", "decoder"]), name);
            foreach (var stack in new[] { "encoder", "decoder" })
                AssertEqual(actual[stack]!.AsObject(), expected[stack]!.AsObject(), StackKeys, $"{name}.{stack}"); // both have both stacks
        }
    }

    [TestCaseSource(nameof(Names))]
    public void FromJson_PublishedFile_KeepsUnreadKeys(string name)
    {
        var (config, file, expected) = (Load(name), Parse($"{name}.json"), Parse($"{name}.expected.json"));
        var written = JsonNode.Parse(config.ToJson())!.AsObject();
        using (Assert.EnterMultipleScope())
        {
            AssertKept(config.AdditionalProperties?.Keys, written, file, expected, name);
            AssertKept(config.Encoder.AdditionalProperties?.Keys, written["encoder"]!, file["encoder"]!, expected["encoder"]!, $"{name}.encoder");
            AssertKept(config.Decoder.AdditionalProperties?.Keys, written["decoder"]!, file["decoder"]!, expected["decoder"]!, $"{name}.decoder");
        }
    }

    [TestCaseSource(nameof(NotModelled))]
    public void FromJson_PublishedFile_LeavesOnlyKnownKeysUnread(string name, string[] top, string[] stacks)
    {
        var config = Load(name);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(config.AdditionalProperties?.Keys ?? [], Is.EquivalentTo(top), "top level");
            Assert.That(config.Encoder.AdditionalProperties?.Keys ?? [], Is.EquivalentTo(stacks), "encoder");
            Assert.That(config.Decoder.AdditionalProperties?.Keys ?? [], Is.EquivalentTo(stacks), "decoder");
            Assert.That(config.Encoder.RopeParameters.AdditionalProperties?.Keys ?? [], Is.Empty, "rope_parameters");
        }
    }

    [Test]
    public void NotModelled_EveryFile_IsListed() => Assert.That(NotModelled().Select(test => test.Arguments[0]), Is.EquivalentTo(Names));

    [TestCaseSource(nameof(Names))]
    public void ToJson_Reloaded_IsTheSame(string name)
    {
        var first = Load(name).ToJson();
        Assert.That(T5GemmaConfig.FromJson(first).ToJson(), Is.EqualTo(first));
    }

    private static void AssertEqual(JsonObject actual, JsonObject expected, IEnumerable<string> keys, string where)
    {
        foreach (var key in keys)
            Assert.That(JsonNode.DeepEquals(actual[key], expected[key]), Is.True, $"{where}.{key}: expected {expected[key]?.ToJsonString() ?? "null"}, got {actual[key]?.ToJsonString() ?? "null"}");
    }

    private static void AssertKept(IEnumerable<string>? keys, JsonNode written, JsonNode file, JsonNode expected, string where)
    {
        foreach (var key in keys ?? [])
        {
            var original = file[key == "dtype" ? "torch_dtype" : key];
            Assert.That(JsonNode.DeepEquals(written[key], original), Is.True, $"{where}.{key} in what is written");
            // transformers writes its own version, and drops what belongs to generation.
            if (key != "transformers_version" && expected.AsObject().ContainsKey(key))
                Assert.That(JsonNode.DeepEquals(expected[key], original), Is.True, $"{where}.{key} in transformers' reading");
        }
    }

    private static HashSet<string> Keys(JsonTypeInfo contract) => [.. contract.Properties.Where(property => !property.IsExtensionData).Select(property => property.Name)];

    private static T5GemmaConfig Load(string name) => T5GemmaConfig.FromJson(File.ReadAllText(Path.Combine(Folder, $"{name}.json")));

    private static JsonObject Parse(string file) => JsonNode.Parse(File.ReadAllText(Path.Combine(Folder, file)))!.AsObject();
}
