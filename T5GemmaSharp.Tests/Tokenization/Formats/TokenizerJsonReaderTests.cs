using System.Text;
using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization.Formats;

public sealed class TokenizerJsonReaderTests
{
    private static IEnumerable<TestCaseData> Faults()
    {
        yield return Fault("model.type", json => json["model"]!["type"] = "Unigram");
        yield return Fault("model.byte_fallback", json => json["model"]!["byte_fallback"] = false);
        yield return Fault("model.byte_fallback", json => json["model"]!.AsObject().Remove("byte_fallback"));
        yield return Fault("model.ignore_merges", json => json["model"]!["ignore_merges"] = true);
        yield return Fault("model.dropout", json => json["model"]!["dropout"] = 0.1);
        yield return Fault("model.end_of_word_suffix", json => json["model"]!["end_of_word_suffix"] = "</w>");
        yield return Fault("model.vocab", json => json["model"]!["vocab"]!["hole"] = 5000);
        yield return Fault("model.vocab", json => json["model"]!["vocab"]!["twin"] = 7);
        yield return Fault("model.vocab[\"a\"]", json => json["model"]!["vocab"]!["a"] = -1);
        yield return Fault("model.vocab[\"a\"]", json => json["model"]!["vocab"]!["a"] = "7");
        yield return Fault("model.merges[6]", json => json["model"]!["merges"]!.AsArray().Add("a b c"));
        yield return Fault("model.merges[6]", json => json["model"]!["merges"]!.AsArray().Add("d d"));
        yield return Fault("model.merges", json => json["model"]!["merges"] = new JsonObject());
        yield return Fault("normalizer", json => json["normalizer"] = null);
        yield return Fault("normalizer.content", json => json["normalizer"]!["content"] = "_");
        yield return Fault("pre_tokenizer.type", json => json["pre_tokenizer"] = new JsonObject { ["type"] = "ByteLevel" });
        yield return Fault("decoder.decoders", json => json["decoder"]!["decoders"]!.AsArray().RemoveAt(2));
        yield return Fault("decoder.decoders[1].type", json => json["decoder"]!["decoders"]![1]!["type"] = "Strip");
        yield return Fault("added_tokens[3].normalized", json => json["added_tokens"]![3]!["normalized"] = true);
        yield return Fault("added_tokens[3].content", json => json["added_tokens"]![3]!["content"] = "");
        yield return Fault("added_tokens[3].id", json => json["added_tokens"]![3]!["id"] = 4);
        yield return Fault("post_processor.single", json => json["post_processor"]!["single"]!.AsArray().RemoveAt(1));
        yield return Fault("post_processor.single", json => json["post_processor"]!["single"]![0]!["SpecialToken"]!["id"] = "<mask>");
        yield return Fault("post_processor.single[0].SpecialToken.id", json => json["post_processor"]!["single"]![0]!["SpecialToken"]!["id"] = "<cls>");
    }

    [TestCaseSource(nameof(Faults))]
    public void Read_FaultyFile_NamesTheField(string field, Action<JsonObject> damage)
    {
        var json = TinyTokenizer.Json();
        damage(json);
        var exception = Assert.Throws<TokenizerFormatException>(() => TinyTokenizer.Create(json));
        Assert.That(exception!.Field, Is.EqualTo(field), exception.Message);
    }

    [Test]
    public void Read_MissingByte_NamesIt()
    {
        var json = TinyTokenizer.Json();
        var vocabulary = json["model"]!["vocab"]!.AsObject();
        var id = vocabulary["<0xE4>"]!.GetValue<int>();
        vocabulary.Remove("<0xE4>");
        vocabulary["other"] = id;
        Assert.That(() => TinyTokenizer.Create(json), Throws.TypeOf<TokenizerFormatException>().With.Message.Contains("<0xE4>"));
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("[]")]
    [TestCase("{\"model\":{},\"model\":{}}")]
    [TestCase("{\"model\":{\"type\":\"\\ud800\"}}")]
    public void Read_NoTokenizerFile_Throws(string text)
        => Assert.That(() => T5GemmaTokenizer.FromJson(Encoding.UTF8.GetBytes(text)), Throws.TypeOf<TokenizerFormatException>());

    [TestCase("""{"bos_token":"<s>"}""", "bos_token")]
    [TestCase("""{"add_bos_token":"yes"}""", "add_bos_token")]
    [TestCase("""{"padding_side":"top"}""", "padding_side")]
    [TestCase("""{"eos_token":{"text":"<eos>"}}""", "eos_token.content")]
    public void Read_FaultyConfig_NamesTheField(string config, string field)
    {
        var exception = Assert.Throws<TokenizerFormatException>(() => TinyTokenizer.Create(config: config));
        Assert.That(exception!.Field, Is.EqualTo(field), exception.Message);
    }

    private static TestCaseData Fault(string field, Action<JsonObject> damage) => new(field, damage);
}
