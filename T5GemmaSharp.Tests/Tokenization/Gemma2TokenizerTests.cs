using System.Text;
using Microsoft.ML.Tokenizers;
using NUnit.Framework;
using T5GemmaSharp.Tokenization;

namespace T5GemmaSharp.Tests.Tokenization;

/// <summary>The real vocabulary, id for id.</summary>
public sealed class Gemma2TokenizerTests
{
    private T5GemmaTokenizer _tokenizer = null!;

    [OneTimeSetUp]
    public void Load() => _tokenizer = Gemma2Tokenizer.Instance();

    [TestCaseSource(typeof(Gemma2Cases), nameof(Gemma2Cases.Encodings))]
    public void Encode_Reference_EqualIds(object reference)
    {
        var item = (Gemma2Cases.EncodingCase)reference;
        Assert.Multiple(() =>
        {
            Assert.That(_tokenizer.Encode(item.Text, addBos: false, addEos: false), Is.EqualTo(item.Ids));
            Assert.That(_tokenizer.Encode(item.Text), Is.EqualTo(item.Ids.Prepend(2)), "with special tokens");
            Assert.That(_tokenizer.CountTokens(item.Text), Is.EqualTo(item.Ids.Length + 1));
        });
    }

    [TestCaseSource(typeof(Gemma2Cases), nameof(Gemma2Cases.Encodings))]
    public void Decode_ReferenceIds_EqualText(object reference)
    {
        var item = (Gemma2Cases.EncodingCase)reference;
        Assert.Multiple(() =>
        {
            Assert.That(_tokenizer.Decode(item.Ids, skipSpecialTokens: false), Is.EqualTo(item.Decoded));
            Assert.That(_tokenizer.Decode(item.Ids, skipSpecialTokens: true), Is.EqualTo(item.DecodedSkip));
        });
    }

    [TestCaseSource(typeof(Gemma2Cases), nameof(Gemma2Cases.Decodings))]
    public void Decode_ReferenceLists_EqualText(object reference)
    {
        var item = (Gemma2Cases.DecodingCase)reference;
        Assert.Multiple(() =>
        {
            Assert.That(_tokenizer.Decode(item.Ids, skipSpecialTokens: false), Is.EqualTo(item.Text));
            Assert.That(_tokenizer.Decode(item.Ids, skipSpecialTokens: true), Is.EqualTo(item.Skip));
        });
    }

    [TestCaseSource(typeof(Gemma2Cases), nameof(Gemma2Cases.Streams))]
    public void Append_ReferenceStreams_GiveEqualChunks(object reference)
    {
        var item = (Gemma2Cases.DecodingCase)reference;
        var decoder = _tokenizer.CreateStreamDecoder();
        Assert.That(item.Ids.Select(decoder.Append), Is.EqualTo(item.Chunks));
        Assert.That(decoder.Flush(), Is.Empty);
    }

    [TestCaseSource(typeof(Gemma2Cases), nameof(Gemma2Cases.Encodings))]
    public void EncodeToTokens_Reference_RangesTileTheText(object reference)
    {
        var item = (Gemma2Cases.EncodingCase)reference;
        var tokens = _tokenizer.EncodeToTokens(item.Text, addBos: false, addEos: false);
        Assert.That(tokens.Select(token => token.Id), Is.EqualTo(item.Ids));
        Assert.That(tokens.Select(token => token.Value), Is.EqualTo(item.Ids.Select(_tokenizer.IdToToken)));

        var end = 0;
        foreach (var group in TokensByRange(tokens))
        {
            var range = group[0].Offset;
            Assert.That(range.Start.Value, Is.EqualTo(end), $"start of {group[0]}");
            end = range.End.Value;
            AssertSpells(group, item.Text[range]);
        }

        Assert.That(end, Is.EqualTo(item.Text.Length));
    }

    [TestCase("ab c", new[] { 2, 670, 498, 1 })]
    [TestCase("", new[] { 2, 1 })]
    public void EncodeToTokens_BosAndEos_HaveEmptyRangesAtTheEnds(string text, int[] expected)
    {
        var tokens = _tokenizer.EncodeToTokens(text, addBos: true, addEos: true);
        Assert.Multiple(() =>
        {
            Assert.That(tokens.Select(token => token.Id), Is.EqualTo(expected));
            Assert.That(tokens[0].Offset, Is.EqualTo(0..0));
            Assert.That(tokens[^1].Offset, Is.EqualTo(text.Length..text.Length));
        });
    }

    [Test]
    public void FromPretrained_RealFiles_GiveTheirFacts()
    {
        Assert.Multiple(() =>
        {
            Assert.That(_tokenizer.VocabularySize, Is.EqualTo(256_000));
            Assert.That(new[] { _tokenizer.PadId, _tokenizer.EosId, _tokenizer.BosId, _tokenizer.UnkId, _tokenizer.EndOfTurnId }, Is.EqualTo(new int?[] { 0, 1, 2, 3, 107 }));
            Assert.That(Enumerable.Range(0, 256_000).Where(_tokenizer.IsSpecial), Is.EqualTo(new[] { 0, 1, 2, 3, 106, 107 }));
            Assert.That((_tokenizer.AddsBos, _tokenizer.AddsEos), Is.EqualTo((true, false)));
            Assert.That(_tokenizer.IdToToken(226), Is.EqualTo("\t"));
        });
    }

    // The bytes of one character share its range.
    private static IEnumerable<List<EncodedToken>> TokensByRange(IEnumerable<EncodedToken> tokens)
    {
        var group = new List<EncodedToken>();
        foreach (var token in tokens)
        {
            if (group.Count > 0 && !token.Offset.Equals(group[0].Offset))
            {
                yield return group;
                group = [];
            }

            group.Add(token);
        }

        if (group.Count > 0)
            yield return group;
    }

    private static void AssertSpells(List<EncodedToken> group, string slice)
    {
        // Encoding.UTF8 reads a lone surrogate as U+FFFD, as the reference does.
        var bytes = Encoding.UTF8.GetBytes(slice);
        var values = group.Select(token => token.Value).ToList();
        if (values is [var piece] && piece == Encoding.UTF8.GetString(bytes).Replace(' ', '▁'))
            return;
        Assert.That(values, Is.EqualTo(bytes.Select(value => $"<0x{value:X2}>")), $"pieces of '{slice}'");
    }
}
