using NUnit.Framework;
using T5GemmaSharp.Training.Recipes.G2p;

namespace T5GemmaSharp.Tests.Training.Recipes.G2p;

public sealed class CmuPronunciationsTests
{
    private static readonly IReadOnlyList<PronunciationEntry> Words = CmuPronunciations.Load();

    [Test]
    public void Load_EmbeddedDictionary_HasThePublishedSize()
    {
        Assert.Multiple(() =>
        {
            Assert.That(Words, Has.Count.EqualTo(126_046));
            Assert.That(Words.Select(entry => entry.Word), Is.Unique);
            // 135,155 with stress marks; 303 of them differ from another of their word by stress alone.
            Assert.That(Words.Sum(entry => entry.Pronunciations.Count), Is.EqualTo(134_852));
            Assert.That(Words.SelectMany(entry => entry.Pronunciations).SelectMany(text => text.Split(' ')).Distinct().Count(), Is.EqualTo(39));
        });
    }

    [Test]
    public void Load_WordWithSeveralPronunciations_HasThemFoldedWithoutStress()
        => Assert.That(Words.Single(entry => entry.Word == "tomato").Pronunciations, Is.EqualTo(new[] { "T AH M EY T OW", "T AH M AA T OW" }));

    [Test]
    public void SplitOf_AllWords_IsTheFixedNinetyFiveFive()
    {
        var counts = Words.CountBy(entry => CmuPronunciations.SplitOf(entry.Word)).ToDictionary();
        Assert.That(
            (counts[DataSplit.Train], counts[DataSplit.Validation], counts[DataSplit.Test]),
            Is.EqualTo((113_320, 6_273, 6_453)));
    }

    [TestCase("hello", DataSplit.Train)]
    [TestCase("chalice", DataSplit.Validation)]
    [TestCase("o'hare", DataSplit.Train)]
    public void SplitOf_Word_NeverChanges(string word, DataSplit expected) => Assert.That(CmuPronunciations.SplitOf(word), Is.EqualTo(expected));

    [TestCase("word")]
    [TestCase("word\t")]
    [TestCase("\tW ER D")]
    public void Parse_LineWithoutPronunciation_NamesTheLine(string line)
        => Assert.That(() => CmuPronunciations.Parse(new StringReader("a\tAH0\n" + line)).ToList(), Throws.TypeOf<FormatException>().With.Message.Contains("line 2"));
}
