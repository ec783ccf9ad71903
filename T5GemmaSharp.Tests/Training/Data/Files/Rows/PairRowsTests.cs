using NUnit.Framework;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files.Rows;

public sealed class PairRowsTests
{
    private readonly DataFolder _folder = new();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [TestCase("""{"input":"a","target":"b"}""")]
    [TestCase("""{"source":"a","target":"b"}""")]
    [TestCase("""{"prompt":"a","completion":"b"}""")]
    [TestCase("""{"question":"a","answer":"b"}""")]
    [TestCase("""{"document":"a","summary":"b"}""")]
    [TestCase("""{"instruction":"a","output":"b"}""")]
    [TestCase("""{"instruction":"a","input":"","output":"b"}""")]
    [TestCase("""{"translation":{"de":"a","en":"b"}}""")]
    [TestCase("""{"id":7,"target":"b","other":null,"input":"a"}""")]
    public void Read_EveryKeyMap_GivesThePair(string json)
        => Assert.That(_folder.ReadRow(RowFormats.Pairs, json), Is.EqualTo(new PairRow("a", "b")));

    [Test]
    public void Read_InstructionWithInput_PutsOneBehindTheOther()
        => Assert.That(_folder.ReadRow(RowFormats.Pairs, """{"instruction":"Sum up.","input":"a text","output":"b"}"""), Is.EqualTo(new PairRow("Sum up.\n\na text", "b")));

    // Each row has two maps; the one that stands earlier in the list counts, wherever its keys stand.
    [TestCase("""{"source":"x","input":"a","target":"b"}""")]
    [TestCase("""{"prompt":"x","completion":"y","source":"a","target":"b"}""")]
    [TestCase("""{"question":"x","answer":"y","prompt":"a","completion":"b"}""")]
    [TestCase("""{"document":"x","summary":"y","question":"a","answer":"b"}""")]
    [TestCase("""{"instruction":"x","output":"y","document":"a","summary":"b"}""")]
    [TestCase("""{"instruction":"x","input":"a","output":"y","target":"b"}""")]
    [TestCase("""{"translation":{"de":"x","en":"y"},"instruction":"a","output":"b"}""")]
    public void Read_SeveralMaps_TakesTheFirst(string json)
        => Assert.That(_folder.ReadRow(RowFormats.Pairs, json), Is.EqualTo(new PairRow("a", "b")));

    [TestCase("""{"input":"x","article":"a","target":"b"}""", "input=article")]
    [TestCase("""{"input":"a","target":"x","highlights":"b"}""", "target=highlights")]
    [TestCase("""{"translation":{"de":"b","en":"a","fr":"c"}}""", "input=translation.en", "target=translation.de")]
    [TestCase("""{"a.b":"a","a":{"b":"x"},"target":"b"}""", "input=a.b")]
    public void Read_MappedKeys_ComeFirst(string json, params string[] map)
        => Assert.That(_folder.ReadRow(RowFormats.Pairs, json, map), Is.EqualTo(new PairRow("a", "b")));

    [TestCase("""{"input":1,"target":"b"}""", "input: expected a string, got a number")]
    [TestCase("""{"input":"a","target":null}""", "target: expected a string, got null")]
    [TestCase("""{"source":["a"],"target":"b"}""", "source: expected a string, got an array")]
    [TestCase("""{"input":"a","target":""}""", "target: expected a text, got an empty one")]
    [TestCase("""{"instruction":"a","output":""}""", "output: expected a text, got an empty one")]
    [TestCase("""{"instruction":true,"output":"b"}""", "instruction: expected a string, got a boolean")]
    [TestCase("""{"translation":"a"}""", "translation: expected an object with two texts, got a string")]
    [TestCase("""{"translation":{"de":"a","en":"b","fr":"c"}}""", "translation: expected two texts, got 3; take two with --map, as in input=translation.de")]
    [TestCase("""{"translation":{"de":"a","en":""}}""", "translation.en: expected a text, got an empty one")]
    [TestCase("""{"input":"\ud800","target":"b"}""", "input: expected valid Unicode")]
    [TestCase("""{"input":"a","input":"b"}""", "expected JSON: ")]
    [TestCase("""{"input":"a",}""", "expected JSON: ")]
    [TestCase("""["a","b"]""", "the row: expected a JSON object, got an array")]
    [TestCase("""{}""", "got no key; --map names other keys")]
    [TestCase("""{"input":"a","output":"b"}""", "expected input and target, source and target, prompt and completion, question and answer, document and summary, instruction and output, or translation, got the keys input, output; --map names other keys")]
    public void Read_SomethingElse_NamesLineAndKey(string json, string problem)
        => Assert.That(() => _folder.ReadRow(RowFormats.Pairs, json), Throws.TypeOf<DataFormatException>()
            .With.Message.StartsWith($"{Path.Combine(_folder.Path, "row.jsonl")}: line 1: ").And.Message.Contains(problem)
            .And.Property(nameof(DataFormatException.Row)).EqualTo(1));

    [Test]
    public void Read_MappedKeyMissing_NamesIt()
        => Assert.That(
            () => _folder.ReadRow(RowFormats.Pairs, """{"input":"a","target":"b"}""", "input=article"),
            Throws.TypeOf<DataFormatException>().With.Message.EndsWith("line 1: expected the key article, got the keys input, target; --map names other keys"));
}
