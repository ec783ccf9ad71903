using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class TextCorpusTests
{
    private static readonly TextCorpus Corpus = new([[], [10, 11, 12], [20], [], [30, 31], []], eosId: 1);

    [Test]
    public void Slice_EveryPart_IsThatOfTheJoinedText()
    {
        int[] joined = [10, 11, 12, 1, 20, 1, 30, 31];
        Assert.That(Corpus.Length, Is.EqualTo(joined.Length));
        for (var start = 0; start <= joined.Length; start++)
        {
            for (var length = 0; start + length <= joined.Length; length++)
                Assert.That(Corpus.Slice(start, length), Is.EqualTo(joined[start..(start + length)]), $"{start}, {length}");
        }
    }

    [TestCase(-1, 1)]
    [TestCase(0, -1)]
    [TestCase(0, 9)]
    [TestCase(8, 1)]
    public void Slice_OutsideTheText_Throws(int start, int length)
        => Assert.That(() => Corpus.Slice(start, length), Throws.InstanceOf<ArgumentOutOfRangeException>());

    [Test]
    public void Length_NoText_IsNone() => Assert.That(new TextCorpus([[], []], eosId: 1).Length, Is.Zero);
}
