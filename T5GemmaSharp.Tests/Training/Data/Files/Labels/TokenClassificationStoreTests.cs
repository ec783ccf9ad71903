using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Labels;

namespace T5GemmaSharp.Tests.Training.Data.Files.Labels;

public sealed class TokenClassificationStoreTests
{
    private readonly DataFolder _folder = new();
    private readonly T5GemmaTokenizer _tokenizer = TinyTokenizer.Create();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    // Tokens with their labels; "-" is -100.
    [TestCase("""{"tokens":["d"],"ner_tags":[1]}""", "<bos>/- d/1")]
    [TestCase("""{"tokens":["ad","abc","s"],"ner_tags":[0,1,2]}""", "<bos>/- a/0 d/- ▁abc/1 ▁/- s/2", Description = "a piece that takes the space before its word along, and one that does not")]
    [TestCase("""{"tokens":["€d","é"],"ner_tags":[1,0]}""", "<bos>/- <0xE2>/1 <0x82>/- <0xAC>/- d/- ▁/- é/0", Description = "bytes of one character")]
    [TestCase("""{"tokens":["d","s","a"],"ner_tags":[1,-100,0]}""", "<bos>/- d/1 ▁/- s/- ▁a/0", Description = "a word without a label")]
    [TestCase("""{"tokens":["😀","<eos>"],"ner_tags":[0,1]}""", "<bos>/- 😀/0 ▁/- <eos>/1", Description = "a character of two units, a special token as text")]
    public void Create_Words_LabelTheirFirstTokens(string json, string expected)
    {
        using var store = Create(json);
        var example = store[epoch: 0, index: 0];
        Assert.That(string.Join(' ', example.InputIds.Zip(example.Labels, (id, label) => $"{TinyTokenizer.Pieces[id]}/{(label == Seq2SeqBatch.IgnoreIndex ? "-" : $"{label}")}")), Is.EqualTo(expected));
    }

    [Test]
    public void Create_Names_GetIdsInOrdinalOrder()
    {
        using var store = Create("""
            {"tokens":["d","s"],"labels":["O","B-PER"]}
            {"tokens":["d"],"labels":["B-LOC"]}
            """);
        Assert.Multiple(() =>
        {
            Assert.That(store.Labels.Names, Is.EqualTo(new[] { "B-LOC", "B-PER", "O" }));
            Assert.That(store.LabelCounts, Is.EqualTo(new[] { 1, 1, 1 }));
            Assert.That(store[epoch: 0, index: 0].Labels, Is.EqualTo(new[] { -100, 2, -100, 1 }));
            Assert.That(store[epoch: 0, index: 1].Labels, Is.EqualTo(new[] { -100, 0 }));
        });
    }

    [Test]
    public void Create_LongRow_LosesTokensAndLabelsTogether()
    {
        using var store = Create("""{"tokens":["d","ad"],"ner_tags":[1,2]}""", new DataFileOptions { MaxSourceLength = 3, SourceTruncation = TruncationSide.Left });
        Assert.Multiple(() =>
        {
            Assert.That(store[epoch: 0, index: 0].InputIds, Is.EqualTo(TinyTokenizer.Ids("<bos>", "d", "▁a")));
            Assert.That(store[epoch: 0, index: 0].Labels, Is.EqualTo(new[] { -100, 1, 2 }));
            Assert.That(store.LengthOf(epoch: 0, index: 0), Is.EqualTo(new ExampleLength(3, 0)));
            Assert.That(store.Statistics.CutSources, Is.EqualTo(1));
        });
    }

    [TestCase("""{"tokens":["d","s"],"ner_tags":[1,5]}""", "label: expected an id from 0 to 1, got 5")]
    [TestCase("""{"tokens":["d","s"],"ner_tags":["no","maybe"]}""", "label: expected one of no, yes, got maybe")]
    public void Create_OutsideOfAGivenTable_NamesTheLine(string json, string problem)
        => Assert.That(() => Create(json, labels: new LabelTable(["no", "yes"])), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"tags.jsonl: line 1: {problem}"));

    // Two words that the tokenizer makes one token of.
    [Test]
    public void Create_WordsShareAToken_NamesThem()
    {
        var json = TinyTokenizer.Json();
        json["added_tokens"]!.AsArray().Add(new JsonObject { ["id"] = TinyTokenizer.Pieces.Count, ["content"] = "d s", ["normalized"] = false, ["special"] = false });
        json["model"]!["vocab"]!["d s"] = TinyTokenizer.Pieces.Count;
        var file = _folder.Write("tags.jsonl", """{"tokens":["d","s"],"ner_tags":[0,1]}""");
        Assert.That(
            () => TokenClassificationStore.Create([file], TinyTokenizer.Create(json)),
            Throws.TypeOf<DataFormatException>().With.Message.EndsWith("line 1: tokens[1]: expected a token that begins with it, 's' shares one with 'd'"));
    }

    private TokenClassificationStore Create(string text, DataFileOptions? options = null, LabelTable? labels = null)
        => TokenClassificationStore.Create([_folder.Write("tags.jsonl", text)], _tokenizer, options, labels);
}
