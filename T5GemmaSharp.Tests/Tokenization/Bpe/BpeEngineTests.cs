using System.Text;
using CsCheck;
using NUnit.Framework;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tests.Tokenization.Bpe;

public sealed class BpeEngineTests
{
    private static readonly TokenizerTables Tables = TinyTokenizer.Tables();

    // Few characters and many merges among them, runs of spaces, characters that become bytes.
    private static readonly Gen<string> Texts = Gen.OneOf("a", "b", "c", "a", "b", "c", " ", "▁", "d", "é", "😀", "x", "€").Array[0, 120].Select(string.Concat);

    [Test]
    public void Encode_AnyText_EqualsTheDefinition()
    {
        var engine = new BpeEngine(Tables);
        Texts.Sample(text => Encode(engine, text).SequenceEqual(EncodeByDefinition(text)));
    }

    [Test]
    public void Encode_WithoutCache_EqualsWithCache()
    {
        var (cached, uncached) = (new BpeEngine(Tables), new BpeEngine(Tables, useCache: false));
        Texts.Sample(text => Encode(cached, text).SequenceEqual(Encode(uncached, text)));
    }

    [Test]
    public void Encode_CutAtWords_EqualsUncut()
    {
        var (cut, uncut) = (new BpeEngine(Tables), new BpeEngine(Tables, cutWords: false));
        Texts.Sample(text => Encode(cut, text).SequenceEqual(Encode(uncut, text)));
    }

    [Test]
    public void Encode_MergeCrossesAWordStart_DoesNotCutThere()
    {
        var json = TinyTokenizer.Json();
        json["model"]!["vocab"]!["c▁"] = TinyTokenizer.Pieces.Count;
        json["model"]!["merges"]!.AsArray().Insert(0, "c ▁");
        var tokenizer = TinyTokenizer.Create(json);
        Assert.That(tokenizer.Encode("c a", addBos: false), Is.EqualTo(new[] { TinyTokenizer.Pieces.Count, TinyTokenizer.Id("a") }));
    }

    [Test]
    public void Merge_HeapAndScan_Agree()
    {
        var merger = new BpeMerger(new MergeTable(Tables.Merges));
        var symbols = Gen.OneOf(TinyTokenizer.Ids("a", "b", "c", "▁", "d", "bc", "aa")).Array[2, BpeMerger.ScanLimit];
        symbols.Sample(ids =>
        {
            var (scanned, heaped) = (ids.ToArray(), ids.ToArray());
            return scanned.Take(merger.MergeByScan(scanned)).SequenceEqual(heaped.Take(merger.MergeByHeap(heaped)));
        });
    }

    private static int[] Encode(BpeEngine engine, string text)
    {
        using var ids = new PooledBuffer<int>(capacity: 1);
        engine.Encode(text, normalize: true, ids);
        return ids.Items.ToArray();
    }

    // Byte-pair encoding word for word: find the pair of the lowest rank, the leftmost of several, join it, begin anew.
    private static List<int> EncodeByDefinition(string text)
    {
        var ids = new List<int>();
        foreach (var rune in text.Replace(' ', '▁').EnumerateRunes())
        {
            var id = TinyTokenizer.Id(rune.ToString());
            ids.AddRange(id >= 0 ? [id] : Encoding.UTF8.GetBytes(rune.ToString()).Select(value => TinyTokenizer.Id($"<0x{value:X2}>")));
        }

        while (true)
        {
            var best = Enumerable.Range(0, Math.Max(0, ids.Count - 1))
                .Select(index => (Rank: Tables.Merges.ToList().FindIndex(merge => merge.Left == ids[index] && merge.Right == ids[index + 1]), Index: index))
                .Where(pair => pair.Rank >= 0)
                .DefaultIfEmpty((Rank: -1, Index: -1))
                .Min();
            if (best.Rank < 0)
                return ids;
            ids[best.Index] = Tables.Merges[best.Rank].Product;
            ids.RemoveAt(best.Index + 1);
        }
    }
}
