using System.Globalization;
using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Training.Data;
using T5GemmaSharp.Training.Data.Files;
using T5GemmaSharp.Training.Data.Files.Rows;

namespace T5GemmaSharp.Tests.Training.Data.Files;

public sealed class Seq2SeqStoreTests
{
    private readonly DataFolder _folder = new();
    private readonly T5GemmaTokenizer _tokenizer = TinyTokenizer.Create();

    [OneTimeTearDown]
    public void DeleteFolder() => _folder.Dispose();

    [Test]
    public void OfPairs_Rows_GiveBosInFrontOfSourcesAndEosBehindTargets()
    {
        using var store = Pairs("""
            {"input":"d","target":"a<eos>"}
            {"input":"","target":"d"}
            """);
        Assert.Multiple(() =>
        {
            Assert.That(store.Count, Is.EqualTo(2));
            AssertExample(store, 0, ["<bos>", "d"], ["a", "<eos>", "<eos>"]);
            AssertExample(store, 1, ["<bos>"], ["d", "<eos>"]);
            Assert.That(store.LengthOf(epoch: 3, index: 0), Is.EqualTo(new ExampleLength(2, 3)));
            Assert.That(store[epoch: 5, index: 1].Labels, Is.EqualTo(store[epoch: 0, index: 1].Labels));
        });
    }

    [Test]
    public void OfPairs_NotTrusted_KeepsSpecialTokensText()
    {
        using var store = Pairs("""{"input":"<eos>","target":"d"}""", new DataFileOptions { ParseSpecial = false });
        AssertExample(store, 0, ["<bos>", "<", "e", "o", "s", ">"], ["d", "<eos>"]);
    }

    [Test]
    public void OfPairs_LongExamples_AreCutAndCounted()
    {
        var options = new DataFileOptions { MaxSourceLength = 3, MaxTargetLength = 2 };
        using var store = Pairs("""
            {"input":"dsd","target":"d"}
            {"input":"ds","target":"dsd"}
            {"input":"dsds","target":"dsdsd"}
            """, options);
        Assert.Multiple(() =>
        {
            AssertExample(store, 0, ["<bos>", "d", "s"], ["d", "<eos>"]);
            AssertExample(store, 1, ["<bos>", "d", "s"], ["d", "<eos>"]);
            AssertExample(store, 2, ["<bos>", "d", "s"], ["d", "<eos>"]);
            Assert.That((store.Statistics.Read, store.Statistics.CutSources, store.Statistics.CutTargets, store.Statistics.Dropped), Is.EqualTo((3, 2, 2, 0)));
            Assert.That((store.Statistics.SourceLengths.Percentile(1), store.Statistics.TargetLengths.Percentile(1)), Is.EqualTo((5, 6)), "lengths before the cut");
        });
    }

    [Test]
    public void OfPairs_CutOnTheLeft_KeepsBosAndTheEnd()
    {
        using var store = Pairs("""{"input":"abcds","target":"d"}""", new DataFileOptions { MaxSourceLength = 3, SourceTruncation = TruncationSide.Left });
        AssertExample(store, 0, ["<bos>", "d", "s"], ["d", "<eos>"]);
    }

    [TestCase(1, new[] { "<bos>" }, new[] { "<eos>" })]
    [TestCase(2, new[] { "<bos>", "d" }, new[] { "d", "<eos>" })]
    public void OfPairs_ShortestLimits_AreKept(int limit, string[] source, string[] target)
    {
        using var store = Pairs("""{"input":"dsds","target":"dsds"}""", new DataFileOptions { MaxSourceLength = limit, MaxTargetLength = limit });
        AssertExample(store, 0, source, target);
    }

    [Test]
    public void OfPairs_LongExamplesDropped_AreCounted()
    {
        using var store = Pairs("""
            {"input":"dsd","target":"d"}
            {"input":"d","target":"s"}
            {"input":"d","target":"dsd"}
            """, new DataFileOptions { MaxSourceLength = 3, MaxTargetLength = 3, LongExamples = LongExamples.Drop });
        Assert.Multiple(() =>
        {
            AssertExample(store, 0, ["<bos>", "d"], ["s", "<eos>"]);
            Assert.That((store.Count, store.Statistics.Read, store.Statistics.Dropped, store.Statistics.CutSources), Is.EqualTo((1, 3, 2, 0)));
        });
    }

    [Test]
    public void OfPairs_LongExamplesRefused_NamesTheLine()
        => Assert.That(
            () => Pairs("{\"input\":\"d\",\"target\":\"s\"}\n{\"input\":\"d\",\"target\":\"dsd\"}", new DataFileOptions { MaxTargetLength = 3, LongExamples = LongExamples.Refuse }),
            Throws.TypeOf<DataFormatException>().With.Message.EndsWith("line 2: target: expected at most 3 tokens, got 4"));

    [Test]
    public void OfPairs_NoRow_Throws()
        => Assert.That(() => Pairs("\n\n"), Throws.TypeOf<DataFormatException>().With.Message.EndsWith("pairs.jsonl: expected at least one example, got none"));

    [Test]
    public void OfPairs_Cancelled_Stops()
    {
        var file = _folder.Write("pairs.jsonl", """{"input":"d","target":"s"}""");
        Assert.That(() => Seq2SeqStore.OfPairs([file], _tokenizer, cancellation: new CancellationToken(canceled: true)), Throws.InstanceOf<OperationCanceledException>());
    }

    [Test]
    public void Create_RowOfSeveralExamples_GivesThemInOrder()
    {
        var file = _folder.Write("chats.jsonl", """{"messages":[{"role":"user","content":"d"},{"role":"assistant","content":"s"},{"role":"assistant","content":"e"}]}""");
        using var store = Seq2SeqStore.Create([file], RowFormats.Chats, row => [.. row.Turns.Skip(1).Select(turn => new Seq2SeqExample([1], _tokenizer.Encode(turn.Content, addBos: false)))], _tokenizer);
        Assert.Multiple(() =>
        {
            AssertExample(store, 0, ["<eos>"], ["s"]);
            AssertExample(store, 1, ["<eos>"], ["e"]);
        });
    }

    [Test]
    public void Create_RowIsRefused_NamesTheLine()
    {
        var file = _folder.Write("texts.jsonl", "{\"text\":\"d\"}\n{\"text\":\"s\"}");
        Assert.Multiple(() =>
        {
            Assert.That(() => Create(row => row.Text == "d" ? [new Seq2SeqExample([1], [1])] : throw new InvalidOperationException("no eos")), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{file}: line 2: no eos"));
            Assert.That(() => Create(row => [new Seq2SeqExample(row.Text == "d" ? [1] : [], [1])]), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{file}: line 2: expected at least one token for the encoder, got none"));
            Assert.That(() => Create(row => [new Seq2SeqExample([1], row.Text == "d" ? [1] : [])]), Throws.TypeOf<DataFormatException>().With.Message.EqualTo($"{file}: line 2: expected at least one token for the decoder, got none"));
        });

        Seq2SeqStore Create(Func<TextRow, IReadOnlyList<Seq2SeqExample>> encode) => Seq2SeqStore.Create([file], RowFormats.Texts, encode, _tokenizer);
    }

    [Test]
    public void Fingerprint_OtherThreadsOrKeysOrFiles_IsTheSame()
    {
        const string First = """{"input":"ab","target":"cd"}""";
        const string Second = """{"input":"dd","target":"ss"}""";
        using var store = Pairs($"{First}\n{Second}");
        using var renamed = Seq2SeqStore.OfPairs(
            [_folder.Write("a.jsonl", First.Replace("input", "x", StringComparison.Ordinal)), _folder.Write("b.jsonl", Second.Replace("input", "x", StringComparison.Ordinal))],
            _tokenizer,
            new DataFileOptions { Threads = 5, Map = KeyMap.Parse(["input=x"]), MaximumLineLength = 100, TemporaryFolder = _folder.Path });
        Assert.That(renamed.Fingerprint, Is.EqualTo(store.Fingerprint).And.Length.EqualTo(64));
    }

    [Test]
    public void Fingerprint_OtherIdsOrOrderOrSettings_Differs()
    {
        const string First = """{"input":"ab","target":"cd"}""";
        const string Second = """{"input":"dd","target":"ss"}""";
        var fingerprints = new[]
        {
            Fingerprint($"{First}\n{Second}"),
            Fingerprint($"{Second}\n{First}"),
            Fingerprint(First),
            Fingerprint($"{First}\n{Second.Replace("ss", "se", StringComparison.Ordinal)}"),
            Fingerprint($"{First}\n{Second}", new DataFileOptions { MaxSourceLength = 100 }),
            Fingerprint($"{First}\n{Second}", new DataFileOptions { MaxTargetLength = 100 }),
            Fingerprint($"{First}\n{Second}", new DataFileOptions { LongExamples = LongExamples.Drop }),

            // The same integers, parted elsewhere.
            Fingerprint("""{"input":"ds","target":"d"}"""),
            Fingerprint("""{"input":"d","target":"sd"}"""),
        };
        Assert.That(fingerprints, Is.Unique);

        string Fingerprint(string text, DataFileOptions? options = null)
        {
            using var store = Pairs(text, options);
            return store.Fingerprint;
        }
    }

    [Test]
    public void OfPairs_ManyExamples_ComeBackInOrderAndDoNotFillTheMemory()
    {
        const int Count = 100_000;
        var file = Path.Combine(_folder.Path, "many.jsonl");
        File.WriteAllLines(file, Enumerable.Range(0, Count).Select(index => $$"""{"input":"{{Letters(index)}}","target":"{{Letters(index)}}dd"}"""));

        // What the first time fills and keeps, of the runtime and of the tokenizer, is not the store's.
        Seq2SeqStore.OfPairs([file], _tokenizer, new DataFileOptions { Threads = 4 }).Dispose();
        var before = GC.GetTotalMemory(forceFullCollection: true);
        using var store = Seq2SeqStore.OfPairs([file], _tokenizer, new DataFileOptions { Threads = 4 });
        var growth = GC.GetTotalMemory(forceFullCollection: true) - before;
        TestContext.Out.WriteLine($"{growth} bytes more");

        // The ids of all examples are some 9 MB.
        Assert.That(growth, Is.LessThan(300_000));
        Assert.That(store.Count, Is.EqualTo(Count));
        Parallel.For(0, Count, index =>
        {
            var example = store[epoch: 0, index];
            if (_tokenizer.Decode(example.InputIds) != $"<bos>{Letters(index)}" || _tokenizer.Decode(example.Labels) != $"{Letters(index)}dd<eos>")
                throw new InvalidOperationException($"example {index}: {_tokenizer.Decode(example.InputIds)}");
        });
    }

    [Test]
    public void OfPairs_ManyThreads_GiveWhatOneGives()
    {
        var text = string.Join('\n', Enumerable.Range(0, 3000).Select(index => $$"""{"input":"{{Letters(index)}}","target":"{{Letters(index * 7)}}"}"""));
        using var one = Pairs(text, new DataFileOptions { Threads = 1 });
        using var many = Pairs(text, new DataFileOptions { Threads = 8 });
        Assert.Multiple(() =>
        {
            Assert.That(many.Fingerprint, Is.EqualTo(one.Fingerprint));
            Assert.That(Enumerable.Range(0, 3000).Select(index => many[epoch: 0, index].InputIds), Is.EqualTo(Enumerable.Range(0, 3000).Select(index => one[epoch: 0, index].InputIds)));
        });
    }

    [Test]
    public void TemporaryFiles_WhileOpenAndAfter_HaveNoName()
    {
        if (OperatingSystem.IsWindows())
            Assert.Ignore("there the system deletes them with the last handle");
        var folder = Directory.CreateDirectory(Path.Combine(_folder.Path, "temporary")).FullName;
        using var store = Pairs("""{"input":"d","target":"s"}""", new DataFileOptions { TemporaryFolder = folder });
        Assert.That(Directory.EnumerateFileSystemEntries(folder), Is.Empty);
        AssertExample(store, 0, ["<bos>", "d"], ["s", "<eos>"]);
    }

    [Test]
    public void Item_DisposedOrOutOfRange_Throws()
    {
        var store = Pairs("""{"input":"d","target":"s"}""");
        Assert.Multiple(() =>
        {
            Assert.That(() => store[epoch: 0, index: 1], Throws.TypeOf<ArgumentOutOfRangeException>());
            Assert.That(() => store.LengthOf(epoch: 0, index: -1), Throws.TypeOf<ArgumentOutOfRangeException>());
        });
        store.Dispose();
        Assert.That(() => store[epoch: 0, index: 0], Throws.TypeOf<ObjectDisposedException>());
    }

    private static string Letters(int number) => string.Concat(number.ToString("D6", CultureInfo.InvariantCulture).Select(digit => "abcd<>eosé"[digit - '0']));

    private Seq2SeqStore Pairs(string text, DataFileOptions? options = null) => Seq2SeqStore.OfPairs([_folder.Write("pairs.jsonl", text)], _tokenizer, options);

    private static void AssertExample(Seq2SeqStore store, int index, string[] source, string[] target)
    {
        var example = store[epoch: 0, index];
        Assert.That(example.InputIds, Is.EqualTo(TinyTokenizer.Ids(source)));
        Assert.That(example.Labels, Is.EqualTo(TinyTokenizer.Ids(target)));
    }
}
