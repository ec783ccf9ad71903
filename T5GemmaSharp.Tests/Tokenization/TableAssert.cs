using NUnit.Framework;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tests.Tokenization;

/// <summary>Compares what two tokenizer files say.</summary>
internal static class TableAssert
{
    public static void AreEqual(TokenizerTables actual, TokenizerTables expected)
    {
        Assert.That(actual.Pieces.Count, Is.EqualTo(expected.Pieces.Count));
        for (var id = 0; id < expected.Pieces.Count; id++)
        {
            if (!actual.Pieces[id].SequenceEqual(expected.Pieces[id]))
                Assert.Fail($"piece {id}: expected \"{expected.Pieces[id]}\", got \"{actual.Pieces[id]}\"");
        }

        Assert.That(actual.Merges.Count, Is.EqualTo(expected.Merges.Count));
        for (var rank = 0; rank < expected.Merges.Count; rank++)
        {
            if (actual.Merges[rank] != expected.Merges[rank])
                Assert.Fail($"merge {rank}: expected {expected.Merges[rank]}, got {actual.Merges[rank]}");
        }

        Assert.That(actual.ByteIds, Is.EqualTo(expected.ByteIds));
        Assert.That(actual.AddedTokens.OrderBy(token => token.Id), Is.EqualTo(expected.AddedTokens.OrderBy(token => token.Id)));
    }
}
