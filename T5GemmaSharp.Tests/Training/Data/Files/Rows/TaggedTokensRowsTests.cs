using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files.Rows;

public sealed class TaggedTokensRowsTests
{
    private readonly DataFolder _folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("""{"tokens":["a","b"],"ner_tags":[0,-100]}""")]
    [TestCase("""{"tokens":["a","b"],"labels":[0,-100]}""")]
    [TestCase("""{"labels":[5,5],"tokens":["a","b"],"ner_tags":[0,-100]}""")]
    [TestCase("""{"words":["a","b"],"ner_tags":[5,5],"pos":[0,-100]}""", "tokens=words", "labels=pos")]
    public void Read_EveryKeyMap_GivesTheWords(string json, params string[] map)
    {
        var row = _folder.ReadRow(RowFormats.TaggedTokens, json, map);
        Assert.Multiple(() =>
        {
            Assert.That(row.Words, Is.EqualTo(new[] { "a", "b" }));
            Assert.That(row.Labels, Is.EqualTo(new[] { RowLabel.Of(0), RowLabel.Of(-100) }));
        });
    }

    [TestCase("""{"tokens":["a","b"],"labels":["O"]}""", "labels: expected a label for each of 2 words, got 1")]
    [TestCase("""{"tokens":["a",""],"labels":["O","O"]}""", "tokens[1]: expected a text, got an empty one")]
    [TestCase("""{"tokens":["a"],"labels":[0.5]}""", "labels[0]: expected an integer of 32 bits, got 0.5")]
    [TestCase("""{"tokens":["a"],"labels":[["O"]]}""", "labels[0]: expected an integer or a string, got an array")]
    [TestCase("""{"tokens":"a","labels":["O"]}""", "tokens: expected a list of words, got a string")]
    [TestCase("""{"tokens":["a"],"ner_tags":"O"}""", "ner_tags: expected a list of labels, got a string")]
    [TestCase("""{"tokens":["a"]}""", "expected tokens and ner_tags or labels, got the keys tokens; --map names other keys")]
    public void Read_SomethingElse_NamesTheKey(string json, string problem)
        => Assert.That(() => _folder.ReadRow(RowFormats.TaggedTokens, json), Throws.TypeOf<DataFormatException>().With.Message.EndsWith($"line 1: {problem}"));
}
