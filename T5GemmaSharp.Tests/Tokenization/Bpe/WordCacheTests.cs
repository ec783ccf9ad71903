using NUnit.Framework;
using T5GemmaSharp.Tokenization.Bpe;

namespace T5GemmaSharp.Tests.Tokenization.Bpe;

public sealed class WordCacheTests
{
    [Test]
    public void TryGet_AfterSet_GivesTheIds()
    {
        var cache = new WordCache();
        Assert.That(cache.TryGet("word", out var slot, out _), Is.False);
        cache.Set(slot, "word", [1, 2]);
        Assert.That(cache.TryGet("word", out _, out var ids), Is.True);
        Assert.That(ids.ToArray(), Is.EqualTo(new[] { 1, 2 }));
    }

    [Test]
    public void TryGet_ManyMoreWordsThanSlots_NeverGivesAnotherWordsIds()
    {
        var cache = new WordCache();
        for (var round = 0; round < 2; round++)
        {
            for (var word = 0; word < 300_000; word++)
            {
                if (cache.TryGet(word.ToString("X"), out var slot, out var ids))
                    Assert.That(ids.ToArray(), Is.EqualTo(new[] { word }));
                else
                    cache.Set(slot, word.ToString("X"), [word]);
            }
        }
    }
}
