using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class SentinelTableTests
{
    [Test]
    public void Gemma_Ids_AreTheUnusedTokens()
    {
        var tokenizer = UnusedTokenTokenizer.Instance;
        Assert.That(SentinelTable.Gemma.Sentinels.Select(tokenizer.IdToToken), Is.EqualTo(Enumerable.Range(0, 96).Select(index => $"<unused{index}>")));
        Assert.That(SentinelTable.Gemma.Modes.Select(tokenizer.IdToToken), Is.EqualTo(new[] { "<unused96>", "<unused97>", "<unused98>" }));
    }

    [TestCase(new int[0], new int[0], "at least one id")]
    [TestCase(new[] { 7 }, new[] { 8, 9 }, "got 2")]
    [TestCase(new[] { 7, -1 }, new int[0], "got -1")]
    [TestCase(new[] { 7, 8, 7 }, new int[0], "got 7 twice")]
    [TestCase(new[] { 7 }, new[] { 8, 7, 9 }, "got 7 twice")]
    public void Constructor_BadIds_NamesThem(int[] sentinels, int[] modes, string named)
        => Assert.That(() => new SentinelTable(sentinels, modes), Throws.ArgumentException.With.Message.Contains(named));
}
