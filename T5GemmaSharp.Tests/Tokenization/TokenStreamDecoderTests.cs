using CsCheck;
using NUnit.Framework;

namespace T5GemmaSharp.Tests.Tokenization;

public sealed class TokenStreamDecoderTests
{
    [Test]
    public void Append_Pieces_GivesEachAtOnce()
        => Assert.That(Chunks(skipSpecial: true, "<bos>", "▁abc", "a", "<eos>"), Is.EqualTo(new[] { "", " abc", "a", "" }));

    [Test]
    public void Append_KeepingSpecialTokens_GivesTheirText()
        => Assert.That(Chunks(skipSpecial: false, "<bos>", "a"), Is.EqualTo(new[] { "<bos>", "a" }));

    [Test]
    public void Append_BytesOfACharacter_GivesItWithTheLastOne()
        => Assert.That(Chunks(skipSpecial: true, "<0xE2>", "<0x82>", "<0xAC>", "<0xF0>", "<0x9F>", "<0x98>", "<0x81>"), Is.EqualTo(new[] { "", "", "€", "", "", "", "😁" }));

    [Test]
    public void Append_SkippedTokenAmongBytes_DoesNotEndTheCharacter()
        => Assert.That(Chunks(skipSpecial: true, "<0xE2>", "<eos>", "<0x82>", "<0xAC>"), Is.EqualTo(new[] { "", "", "", "€" }));

    [Test]
    public void Append_PieceAfterUnfinishedBytes_GivesOneReplacementAByte()
        => Assert.That(Chunks(skipSpecial: true, "<0xE2>", "<0x82>", "a"), Is.EqualTo(new[] { "", "", "\uFFFD\uFFFDa" }));

    [Test]
    public void Append_InvalidByte_GivesItsReplacementAtOnceAndGoesOn()
        => Assert.That(Chunks(skipSpecial: true, "<0xFF>", "<0xE2>", "<0x41>"), Is.EqualTo(new[] { "\uFFFD", "", "\uFFFDA" }));

    [Test]
    public void Flush_UnfinishedBytes_GivesOneReplacementAByteOnce()
    {
        var decoder = TinyTokenizer.Create().CreateStreamDecoder();
        foreach (var id in TinyTokenizer.Ids("<0xF0>", "<0x9F>"))
            Assert.That(decoder.Append(id), Is.Empty);
        Assert.That(decoder.Flush(), Is.EqualTo("\uFFFD\uFFFD"));
        Assert.That(decoder.Flush(), Is.Empty);
    }

    [Test]
    public void Append_IdsOutsideTheVocabulary_GivesNothing()
    {
        var decoder = TinyTokenizer.Create().CreateStreamDecoder();
        Assert.That(new[] { -1, int.MinValue, TinyTokenizer.Pieces.Count, int.MaxValue }.Select(decoder.Append), Is.All.Empty);
    }

    [TestCase(true)]
    [TestCase(false)]
    public void Append_AnyText_ConcatenatesToDecode(bool skipSpecial)
    {
        var tokenizer = TinyTokenizer.Create();
        Gen.String.Sample(text =>
        {
            var ids = tokenizer.Encode(text);
            var decoder = tokenizer.CreateStreamDecoder(skipSpecial);
            return string.Concat(ids.Select(decoder.Append)) + decoder.Flush() == tokenizer.Decode(ids, skipSpecial);
        });
    }

    // Without 0xEF no valid character is U+FFFD itself, so each one in the text stands for one byte.
    [Test]
    public void Append_AnyBytes_NeverThrowsAndAccountsForEachByte()
    {
        var tokenizer = TinyTokenizer.Create();
        var byteIds = TinyTokenizer.Ids([.. Enumerable.Range(0x80, 128).Where(value => value != 0xEF).Select(value => $"<0x{value:X2}>")]);
        Gen.OneOf(byteIds).Array.Sample(ids =>
        {
            var decoder = tokenizer.CreateStreamDecoder();
            var text = string.Concat(ids.Select(decoder.Append)) + decoder.Flush();
            return text.EnumerateRunes().Sum(rune => rune.Value == 0xFFFD ? 1 : rune.Utf8SequenceLength) == ids.Length;
        });
    }

    private static string[] Chunks(bool skipSpecial, params string[] pieces)
    {
        var decoder = TinyTokenizer.Create().CreateStreamDecoder(skipSpecial);
        return [.. TinyTokenizer.Ids(pieces).Select(decoder.Append)];
    }
}
