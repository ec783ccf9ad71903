using System.Reflection;
using System.Text.Json;
using NUnit.Framework;
using T5GemmaSharp.Configuration;
using T5GemmaSharp.Generation;
using T5GemmaSharp.Training.Commands;

namespace T5GemmaSharp.Tests.Training.Commands;

public sealed class GenerationSettingOptionsTests
{
    // What the command line has no use for: tensors, and keys that the library does not read.
    private static readonly string[] Without = [nameof(GenerationConfig.OutputLogits), nameof(GenerationConfig.OutputAttentions), nameof(GenerationConfig.OutputHiddenStates), nameof(GenerationConfig.AdditionalProperties)];

    [Test]
    public void All_EverySetting_HasAnOptionOfItsName()
    {
        var properties = typeof(GenerationConfig).GetProperties(BindingFlags.Instance | BindingFlags.Public).Select(property => property.Name).Except(Without);
        Assert.That(
            GenerationSettingOptions.All.Select(setting => setting.Option.Name),
            Is.EquivalentTo(properties.Select(name => "--" + JsonNamingPolicy.KebabCaseLower.ConvertName(name))));
    }

    [TestCase("--max-new-tokens 7", """{"max_new_tokens":7}""")]
    [TestCase("--min-new-tokens 0", """{"min_new_tokens":0}""")]
    [TestCase("--max-length 7", """{"max_length":7}""")]
    [TestCase("--min-length 7", """{"min_length":7}""")]
    [TestCase("--max-time 0.5", """{"max_time":0.5}""")]
    [TestCase("--stop-strings a --stop-strings b", """{"stop_strings":["a","b"]}""")]
    [TestCase("--do-sample", """{"do_sample":true}""")]
    [TestCase("--do-sample false", """{"do_sample":false}""")]
    [TestCase("--num-beams 7", """{"num_beams":7}""")]
    [TestCase("--num-return-sequences 7", """{"num_return_sequences":7}""")]
    [TestCase("--early-stopping true", """{"early_stopping":true}""")]
    [TestCase("--early-stopping false", """{"early_stopping":false}""")]
    [TestCase("--early-stopping never", """{"early_stopping":"never"}""")]
    [TestCase("--length-penalty -0.5", """{"length_penalty":-0.5}""")]
    [TestCase("--prompt-lookup-num-tokens 7", """{"prompt_lookup_num_tokens":7}""")]
    [TestCase("--max-matching-ngram-size 7", """{"max_matching_ngram_size":7}""")]
    [TestCase("--num-assistant-tokens 7", """{"num_assistant_tokens":7}""")]
    [TestCase("--num-assistant-tokens-schedule heuristic", """{"num_assistant_tokens_schedule":"heuristic"}""")]
    [TestCase("--assistant-confidence-threshold 0.25", """{"assistant_confidence_threshold":0.25}""")]
    [TestCase("--use-cache false", """{"use_cache":false}""")]
    [TestCase("--cache-implementation static", """{"cache_implementation":"static"}""")]
    [TestCase("--temperature 0.5", """{"temperature":0.5}""")]
    [TestCase("--top-k 0", """{"top_k":0}""")]
    [TestCase("--top-p 0.5", """{"top_p":0.5}""")]
    [TestCase("--min-p 0.5", """{"min_p":0.5}""")]
    [TestCase("--top-h 0.5", """{"top_h":0.5}""")]
    [TestCase("--typical-p 0.5", """{"typical_p":0.5}""")]
    [TestCase("--epsilon-cutoff 0.5", """{"epsilon_cutoff":0.5}""")]
    [TestCase("--eta-cutoff 0.5", """{"eta_cutoff":0.5}""")]
    [TestCase("--repetition-penalty 1.5", """{"repetition_penalty":1.5}""")]
    [TestCase("--encoder-repetition-penalty 1.5", """{"encoder_repetition_penalty":1.5}""")]
    [TestCase("--no-repeat-ngram-size 7", """{"no_repeat_ngram_size":7}""")]
    [TestCase("--encoder-no-repeat-ngram-size 7", """{"encoder_no_repeat_ngram_size":7}""")]
    [TestCase("--bad-words-ids 5,9 --bad-words-ids 7", """{"bad_words_ids":[[5,9],[7]]}""")]
    [TestCase("--sequence-bias 5,9=-2.5 --sequence-bias 7=1", """{"sequence_bias":[[[5,9],-2.5],[[7],1]]}""")]
    [TestCase("--suppress-tokens 5,9", """{"suppress_tokens":[5,9]}""")]
    [TestCase("--begin-suppress-tokens 5 --begin-suppress-tokens 9", """{"begin_suppress_tokens":[5,9]}""")]
    [TestCase("--forced-bos-token-id 7", """{"forced_bos_token_id":7}""")]
    [TestCase("--forced-eos-token-id 7", """{"forced_eos_token_id":7}""")]
    [TestCase("--exponential-decay-length-penalty 20,1.5", """{"exponential_decay_length_penalty":[20,1.5]}""")]
    [TestCase("--remove-invalid-values", """{"remove_invalid_values":true}""")]
    [TestCase("--renormalize-logits", """{"renormalize_logits":true}""")]
    [TestCase("--eos-token-id 1,107", """{"eos_token_id":[1,107]}""")]
    [TestCase("--eos-token-id none", """{"eos_token_id":[]}""")]
    [TestCase("--pad-token-id 7", """{"pad_token_id":7}""")]
    [TestCase("--bos-token-id 7", """{"bos_token_id":7}""")]
    [TestCase("--decoder-start-token-id 7", """{"decoder_start_token_id":7}""")]
    [TestCase("--output-scores", """{"output_scores":true}""")]
    [TestCase("", "{}")]
    public void Apply_Option_SetsItsSettingAlone(string options, string expected)
    {
        var result = CommandLine.Create().Parse(["generate", "--model", "x", .. options.Split(' ', StringSplitOptions.RemoveEmptyEntries), "text"]);
        Assert.That(result.Errors, Is.Empty);
        var config = GenerationSettingOptions.All.Aggregate(new GenerationConfig(), (settings, setting) => setting.Apply(settings, result));
        Assert.That(JsonSerializer.Serialize(config, T5GemmaJsonContext.Default.GenerationConfig), Is.EqualTo(expected));
    }
}
