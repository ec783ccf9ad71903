using System.Text.Json.Nodes;
using NUnit.Framework;
using T5GemmaSharp.Tests.Checkpoints;
using T5GemmaSharp.Tokenization;
using T5GemmaSharp.Tokenization.Bpe;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Tests.Tokenization.Formats;

public sealed class SentencePieceReaderTests
{
    private static IEnumerable<TestCaseData> Faults()
    {
        var model = TinyTokenizer.Model();
        yield return new TestCaseData("trainer_spec.model_type", (model with { ModelType = 1 }).ToBytes());
        yield return new TestCaseData("trainer_spec.byte_fallback", (model with { ByteFallback = false }).ToBytes());
        yield return new TestCaseData("normalizer_spec.add_dummy_prefix", (model with { AddDummyPrefix = true }).ToBytes());
        yield return new TestCaseData("normalizer_spec.remove_extra_whitespaces", (model with { RemoveExtraWhitespaces = true }).ToBytes());
        yield return new TestCaseData("normalizer_spec.precompiled_charsmap", (model with { Charsmap = [1] }).ToBytes());
        yield return new TestCaseData("pieces", (model with { Pieces = [] }).ToBytes());
        yield return new TestCaseData("pieces", (model with { Pieces = [.. model.Pieces.Where(piece => piece.Text != "<0xE4>")] }).ToBytes());
        yield return new TestCaseData("pieces[1].piece", With(model, new SentencePiece("", 0, SentencePieceType.Normal)));
        yield return new TestCaseData("pieces[1].piece", With(model, new SentencePiece("<pad>", 0, SentencePieceType.Normal)));
        yield return new TestCaseData("pieces[1].piece", With(model, new SentencePiece(new string('a', 1000), 0, SentencePieceType.Normal)));
        yield return new TestCaseData("pieces[1].score", With(model, new SentencePiece("x", float.NaN, SentencePieceType.Normal)));
        yield return new TestCaseData("pieces[1].type", With(model, new SentencePiece("x", 0, (SentencePieceType)9)));
    }

    [Test]
    public void Read_ModelOfAJsonFile_GivesEqualTables()
    {
        TableAssert.AreEqual(Read(TinyTokenizer.Model().ToBytes()), TinyTokenizer.Tables(JsonWithEverySplit()));
    }

    [Test]
    public void Read_TiedScores_OrdersByLengthsThenIds()
    {
        var pieces = TinyTokenizer.Model().Pieces.Where(piece => piece.Type != SentencePieceType.Normal).ToList();
        foreach (var text in new[] { "a", "b", "ab", "ba", "aba", "abab" })
            pieces.Add(new SentencePiece(text, text.Length > 1 ? 0f : -9f, SentencePieceType.Normal));
        pieces.Add(new SentencePiece("bab", -0f, SentencePieceType.Normal));
        var tables = Read(new SentencePieceModelWriter { Pieces = pieces }.ToBytes());
        var names = tables.Merges.Select(merge => $"{tables.Pieces[merge.Left]} {tables.Pieces[merge.Right]}");
        Assert.That(names, Is.EqualTo(new[] { "aba b", "ab ab", "ab a", "ba b", "a bab", "a ba", "b ab", "\n \n", "a b", "b a" }));
    }

    [Test]
    public void FromSentencePiece_Text_EncodesAsFromJson()
    {
        var (json, model) = (TinyTokenizer.Create(JsonWithEverySplit()), T5GemmaTokenizer.FromSentencePiece(TinyTokenizer.Model().ToBytes(), addBos: true, addEos: false));
        foreach (var text in new[] { "", "abc aa\tb  <h1>\n\n\n€<end_of_turn>", "▁▁ a" })
            Assert.That(model.Encode(text), Is.EqualTo(json.Encode(text)), text);
    }

    [Test]
    public void FromPretrained_ModelWithoutSettings_AsksForBos()
    {
        using var folder = new ScratchFolder();
        File.WriteAllBytes(folder["tokenizer.model"], TinyTokenizer.Model().ToBytes());
        var exception = Assert.Throws<TokenizerFormatException>(() => T5GemmaTokenizer.FromPretrained(folder.Path));
        Assert.That(exception!.Field, Is.EqualTo("add_bos_token"));
        Assert.That(T5GemmaTokenizer.FromPretrained(folder.Path, addBos: false, addEos: true).Encode("a"), Is.EqualTo(TinyTokenizer.Ids("a", "<eos>")));

        File.WriteAllText(folder["tokenizer_config.json"], """{"add_bos_token": true, "add_eos_token": false}""");
        Assert.That(T5GemmaTokenizer.FromPretrained(folder.Path).Encode("a"), Is.EqualTo(TinyTokenizer.Ids("<bos>", "a")));
    }

    [TestCaseSource(nameof(Faults))]
    public void Read_FaultyModel_NamesTheField(string field, byte[] bytes)
    {
        var exception = Assert.Throws<TokenizerFormatException>(() => Read(bytes));
        Assert.That(exception!.Field, Is.EqualTo(field), exception.Message);
    }

    // The model's scores say no more than the order of the products, so every split of a product is a merge.
    private static JsonObject JsonWithEverySplit()
    {
        var json = TinyTokenizer.Json(pairMerges: false);
        json["model"]!["merges"] = new JsonArray("\n \n", "▁ ▁", "b c", "a b", "ab c", "a bc", "a a", "▁ a", "▁a bc", "▁ abc");
        return json;
    }

    private static TokenizerTables Read(byte[] bytes) => SentencePieceReader.Read(bytes, "tokenizer.model", new TokenizerSettings());

    private static byte[] With(SentencePieceModelWriter model, SentencePiece second)
        => (model with { Pieces = [model.Pieces[0], second, .. model.Pieces.Skip(2)] }).ToBytes();
}
