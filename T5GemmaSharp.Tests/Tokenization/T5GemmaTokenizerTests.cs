using System.Buffers;
using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization;

public sealed class T5GemmaTokenizerTests
{
    private static readonly T5GemmaTokenizer Tokenizer = TinyTokenizer.Create();

    private static IEnumerable<TestCaseData> Encodings()
    {
        yield return new TestCaseData("", Array.Empty<string>()).SetName("Encode_Empty");
        yield return new TestCaseData("abc", new[] { "a", "bc" }).SetName("Encode_LowestRankFirst");
        yield return new TestCaseData("aaa", new[] { "aa", "a" }).SetName("Encode_LeftmostOnTie");
        yield return new TestCaseData("ab", new[] { "ab" }).SetName("Encode_SingleMerge");
        yield return new TestCaseData(" abc", new[] { "▁abc" }).SetName("Encode_ChainOfMerges");
        yield return new TestCaseData("  a", new[] { "▁", "▁a" }).SetName("Encode_TwoSpacesAreNoAddedToken");
        yield return new TestCaseData("▁▁a", new[] { "▁▁", "a" }).SetName("Encode_LiteralUnderscoresAreCut");
        yield return new TestCaseData("\n\n\nd", new[] { "\n\n", "\n", "d" }).SetName("Encode_LongestAddedTokenFirst");
        yield return new TestCaseData("a<bos>b", new[] { "a", "<bos>", "b" }).SetName("Encode_SpecialTokenInText");
        yield return new TestCaseData("<bos", new[] { "<", "b", "o", "s" }).SetName("Encode_PartOfASpecialTokenIsText");
        yield return new TestCaseData("x", new[] { "<0x78>" }).SetName("Encode_UnknownCharacterBecomesBytes");
        yield return new TestCaseData("€", new[] { "<0xE2>", "<0x82>", "<0xAC>" }).SetName("Encode_UnknownCharacterBecomesItsUtf8");
        yield return new TestCaseData("\t", new[] { "\t" }).SetName("Encode_TabIsAPiece");
        yield return new TestCaseData("é😀", new[] { "é", "😀" }).SetName("Encode_CharactersBeyondAsciiAndBmp");
        yield return new TestCaseData("a\uD83D", new[] { "a", "<0xEF>", "<0xBF>", "<0xBD>" }).SetName("Encode_LoneSurrogateIsReplacementCharacter");
    }

    [TestCaseSource(nameof(Encodings))]
    public void Encode_Text_GivesPieces(string text, string[] pieces)
        => Assert.That(Tokenizer.Encode(text, addBos: false).Select(Tokenizer.IdToToken), Is.EqualTo(pieces));

    [Test]
    public void Encode_ByDefault_AddsWhatTheTemplateSays()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Tokenizer.Encode(""), Is.EqualTo(TinyTokenizer.Ids("<bos>")));
            Assert.That(Tokenizer.Encode("d", addBos: false, addEos: true), Is.EqualTo(TinyTokenizer.Ids("d", "<eos>")));
            Assert.That(Tokenizer.AddsBos, Is.True);
            Assert.That(Tokenizer.AddsEos, Is.False);
        });
    }

    [Test]
    public void Encode_ConfigContradictsTemplate_FollowsConfig()
    {
        var tokenizer = TinyTokenizer.Create(config: """{"add_bos_token":false,"add_eos_token":true,"padding_side":"left","eos_token":{"content":"<end_of_turn>"}}""");
        Assert.Multiple(() =>
        {
            Assert.That(tokenizer.Encode("d"), Is.EqualTo(TinyTokenizer.Ids("d", "<end_of_turn>")));
            Assert.That(tokenizer.PaddingSide, Is.EqualTo(PaddingSide.Left));
        });
    }

    [Test]
    public void Encode_ParseSpecialFalse_KeepsOrdinaryAddedTokensOnly()
    {
        var pieces = Tokenizer.Encode("<eos><h1>", addBos: false, parseSpecial: false).Select(Tokenizer.IdToToken);
        Assert.That(pieces, Is.EqualTo(new[] { "<", "e", "o", "s", ">", "<h1>" }));
    }

    [Test]
    public void Encode_PairMerges_EqualsStringMerges()
    {
        var pairs = TinyTokenizer.Create(TinyTokenizer.Json(pairMerges: true));
        Assert.That(pairs.Encode(" abc aab"), Is.EqualTo(Tokenizer.Encode(" abc aab")));
    }

    [Test]
    public void EncodeToTokens_ThroughBaseClass_GivesPiecesAndRanges()
    {
        var tokens = Tokenizer.EncodeToTokens("abc €", out var normalized);
        Assert.Multiple(() =>
        {
            Assert.That(tokens.Select(token => token.Value), Is.EqualTo(new[] { "<bos>", "a", "bc", "▁", "<0xE2>", "<0x82>", "<0xAC>" }));
            Assert.That(tokens.Select(token => token.Offset), Is.EqualTo(new[] { 0..0, 0..1, 1..3, 3..4, 4..5, 4..5, 4..5 }));
            Assert.That(normalized, Is.EqualTo("abc▁€"));
            Assert.That(Tokenizer.CountTokens("abc €"), Is.EqualTo(7));
        });
    }

    [TestCase(2, 2, 1)]
    [TestCase(5, 4, 4)] // bos a bc ▁: two bytes of € alone would not be a character
    [TestCase(9, 7, 5)]
    public void EncodeToIds_TokenLimit_StopsAtACharacter(int limit, int expectedTokens, int expectedConsumed)
    {
        var ids = Tokenizer.EncodeToIds("abc €", limit, out _, out var consumed);
        Assert.Multiple(() =>
        {
            Assert.That(ids, Has.Count.EqualTo(expectedTokens));
            Assert.That(consumed, Is.EqualTo(expectedConsumed));
        });
    }

    private static IEnumerable<TestCaseData> Decodings()
    {
        yield return new TestCaseData(new[] { "▁abc", "é" }, false, " abcé").SetName("Decode_UnderscoreIsSpace");
        yield return new TestCaseData(new[] { "<bos>", "a", "<eos>" }, true, "a").SetName("Decode_SkipsSpecial");
        yield return new TestCaseData(new[] { "<bos>", "a", "<h1>" }, false, "<bos>a<h1>").SetName("Decode_KeepsSpecial");
        yield return new TestCaseData(new[] { "<0xE2>", "<0x82>", "<0xAC>" }, false, "€").SetName("Decode_BytesAreText");
        yield return new TestCaseData(new[] { "<0x41>", "<0xE2>", "a" }, false, "\uFFFD\uFFFDa").SetName("Decode_InvalidRunIsReplacedWhole");
        yield return new TestCaseData(new[] { "<0xE2>", "<eos>", "<0x82>", "<0xAC>" }, true, "€").SetName("Decode_BytesJoinOverASkippedToken");
        yield return new TestCaseData(new[] { "<0xE2>", "<eos>", "<0x82>", "<0xAC>" }, false, "\uFFFD<eos>\uFFFD\uFFFD").SetName("Decode_BytesDoNotJoinOverAKeptToken");
    }

    [TestCaseSource(nameof(Decodings))]
    public void Decode_Pieces_GivesText(string[] pieces, bool skipSpecial, string expected)
        => Assert.That(Tokenizer.Decode(TinyTokenizer.Ids(pieces), skipSpecial), Is.EqualTo(expected));

    [Test]
    public void Decode_IdsOutsideTheVocabulary_AreIgnored()
        => Assert.That(Tokenizer.Decode([-1, TinyTokenizer.Id("a"), 999_999]), Is.EqualTo("a"));

    [Test]
    public void Decode_ShortDestination_StopsBeforeTheTokenThatDoesNotFit()
    {
        var destination = new char[3];
        var status = Tokenizer.Decode(TinyTokenizer.Ids("aa", "<0xE2>", "<0x82>", "<0xAC>", "bc"), destination, out var idsConsumed, out var charsWritten);
        Assert.Multiple(() =>
        {
            Assert.That(status, Is.EqualTo(OperationStatus.DestinationTooSmall));
            Assert.That(idsConsumed, Is.EqualTo(4));
            Assert.That(new string(destination, 0, charsWritten), Is.EqualTo("aa€"));
        });
    }

    [Test]
    public void Decode_OfEncode_IsTheText()
    {
        const string Text = "abc  aab\n\n\té😀€ <h1>x\uFFFD";
        Assert.That(Tokenizer.Decode(Tokenizer.Encode(Text), skipSpecialTokens: true), Is.EqualTo(Text));
    }

    [Test]
    public void IdsAndTokens_Lookup_BothWays()
    {
        Assert.Multiple(() =>
        {
            Assert.That(new[] { Tokenizer.PadId, Tokenizer.EosId, Tokenizer.BosId, Tokenizer.UnkId, Tokenizer.EndOfTurnId }, Is.EqualTo(new int?[] { 0, 1, 2, 3, 9 }));
            Assert.That(Tokenizer.TokenToId("▁abc"), Is.EqualTo(TinyTokenizer.Id("▁abc")));
            Assert.That(Tokenizer.TokenToId("zzz"), Is.Null);
            Assert.That(Tokenizer.IdToToken(Tokenizer.VocabularySize), Is.Null);
            Assert.That(Tokenizer.IsSpecial(TinyTokenizer.Id("<mask>")), Is.False);
            Assert.That(Tokenizer.IsAddedToken(TinyTokenizer.Id("<mask>")), Is.True);
            Assert.That(Tokenizer.IsAddedToken(TinyTokenizer.Id("abc")), Is.False);
            Assert.That(Tokenizer.IsAddedToken(-1), Is.False);
        });
    }
}
