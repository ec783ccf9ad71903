using NUnit.Framework;
using T5GemmaSharp.Tests.Tokenization;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

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

    [Test]
    public void Gemma_RealTokenizer_HasEveryIdAsAnAddedToken()
    {
        var tokenizer = Gemma2Tokenizer.Instance();
        var objective = new DenoisingObjective(DenoiserMixture.Parse("ul2"), tokenizer, new DenoisingOptions { ModeTokens = ModeTokens.Unused });
        Assert.That(objective.EosId, Is.EqualTo(1));
        Assert.That(SentinelTable.Gemma.Sentinels.Concat(SentinelTable.Gemma.Modes).Select(tokenizer.IdToToken), Is.EqualTo(Enumerable.Range(0, 99).Select(index => $"<unused{index}>")));
    }

    [TestCase(new int[0], new int[0], "at least one id")]
    [TestCase(new[] { 7 }, new[] { 8, 9 }, "got 2")]
    [TestCase(new[] { 7, -1 }, new int[0], "got -1")]
    [TestCase(new[] { 7, 8, 7 }, new int[0], "got 7 twice")]
    [TestCase(new[] { 7 }, new[] { 8, 7, 9 }, "got 7 twice")]
    public void Constructor_BadIds_NamesThem(int[] sentinels, int[] modes, string named)
        => Assert.That(() => new SentinelTable(sentinels, modes), Throws.ArgumentException.With.Message.Contains(named));
}
