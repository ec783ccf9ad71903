using NUnit.Framework;
using T5GemmaSharp.Tokenization.Bpe;
using T5GemmaSharp.Tokenization.Formats;

namespace T5GemmaSharp.Tests.Tokenization.Formats;

/// <summary>The real vocabulary as a SentencePiece model.</summary>
public sealed class Gemma2ModelTests
{
    private const int FirstByteId = 217;
    private const int FirstTextId = 473;

    [Test]
    public void Read_ModelWrittenFromTheJsonFile_GivesEqualTables()
    {
        var json = File.ReadAllBytes(Path.Combine(Gemma2Tokenizer.Folder(), "tokenizer.json"));
        var expected = TokenizerJsonReader.Read(json, "tokenizer.json", new TokenizerSettings());
        var added = expected.AddedTokens.Select(token => token.Id).ToHashSet();
        var model = new SentencePieceModelWriter
        {
            Pieces = [.. Enumerable.Range(0, expected.Pieces.Count).Select(id => ToPiece(id, expected.Pieces[id].ToString(), added.Contains(id)))],
        };

        var actual = SentencePieceReader.Read(model.ToBytes(), "tokenizer.model", new TokenizerSettings());
        Assert.That(actual.Merges, Has.Count.EqualTo(580_604));
        TableAssert.AreEqual(actual, expected);
    }

    // Types and scores of Gemma's model: those of ordinary pieces count down from the first, tokens that users define have 0.
    private static SentencePiece ToPiece(int id, string text, bool isAdded) => id switch
    {
        3 => new(text, 0f, SentencePieceType.Unknown),
        < 3 => new(text, 0f, SentencePieceType.Control),
        FirstByteId + '\t' => new(ByteTokens.NameOf('\t'), 0f, SentencePieceType.Byte),
        _ when isAdded => new(text, 0f, SentencePieceType.UserDefined),
        < FirstTextId => new(text, 0f, SentencePieceType.Byte),
        _ => new(text, FirstTextId - id, SentencePieceType.Normal),
    };
}
