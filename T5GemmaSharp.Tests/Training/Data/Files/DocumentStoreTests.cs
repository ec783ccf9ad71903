using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data.Files;

namespace T5GemmaSharp.Tests.Training.Data.Files;

public sealed class DocumentStoreTests
{
    private readonly DataFolder _folder = new();
    private readonly T5GemmaTokenizer _tokenizer = TinyTokenizer.Create();
    private DocumentStore _store = null!; // set before every test

    [SetUp]
    public void CreateStore() => _store = DocumentStore.Create(
        [_folder.Write("a.jsonl", """
            {"text":"ds"}
            {"text":""}
            {"text":"d"}
            """), _folder.Write("b.txt", "sd\nd\n\nd\n")],
        _tokenizer);

    [TearDown]
    public void DisposeStore() => _store.Dispose();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void Create_Documents_AreWithoutBosAndEosAndEmptyOnesAreLeftOut()
    {
        Assert.Multiple(() =>
        {
            Assert.That(_store, Is.EqualTo(new[] { TinyTokenizer.Ids("d", "s"), TinyTokenizer.Ids("d"), TinyTokenizer.Ids("s", "d", "\n", "d"), TinyTokenizer.Ids("d") }));
            Assert.That(Enumerable.Range(0, _store.Count).Select(_store.LengthOf), Is.EqualTo(new[] { 2, 1, 4, 1 }));
            Assert.That((_store.Statistics.Read, _store.Statistics.Dropped, _store.Statistics.SourceLengths.Percentile(1)), Is.EqualTo((5, 1, 4)));
        });
    }

    [Test]
    public void Slice_EveryPart_IsThatOfTheLongText()
    {
        var whole = TinyTokenizer.Ids("d", "s", "<eos>", "d", "<eos>", "s", "d", "\n", "d", "<eos>", "d");
        Assert.That(_store.Length, Is.EqualTo(whole.Length));
        Assert.Multiple(() =>
        {
            for (var start = 0; start <= whole.Length; start++)
            {
                for (var length = 0; start + length <= whole.Length; length++)
                    Assert.That(_store.Slice(start, length), Is.EqualTo(whole[start..(start + length)]));
            }
        });
    }

    [TestCase(-1, 1)]
    [TestCase(0, 12)]
    [TestCase(11, 1)]
    [TestCase(0, -1)]
    public void Slice_OutsideOfTheText_Throws(int start, int length)
        => Assert.That(() => _store.Slice(start, length), Throws.TypeOf<ArgumentOutOfRangeException>());

    [Test]
    public void Create_OnlyEmptyDocuments_Throws()
        => Assert.That(
            () => DocumentStore.Create([_folder.Write("empty.jsonl", """{"text":""}""")], _tokenizer),
            Throws.TypeOf<DataFormatException>().With.Message.EndsWith("empty.jsonl: expected at least one example, got none"));

    [Test]
    public void Create_TokenizerWithoutEos_Throws()
    {
        var withoutEos = JsonNode.Parse(TinyTokenizer.Json().ToJsonString().Replace("eos", "end", StringComparison.Ordinal));
        Assert.That(() => DocumentStore.Create(["none.txt"], TinyTokenizer.Create(withoutEos)), Throws.ArgumentException.With.Message.Contains("expected one with eos"));
    }
}
