using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class TextExamplesTests
{
    [Test]
    public void Item_AllOfTwoEpochs_AreThoseOfTheWindowsAndReadTheirTextOnce()
    {
        var corpus = new CountingCorpus(new TextCorpus([UnusedTokenTokenizer.Text(9000)], UnusedTokenTokenizer.Eos));
        var objective = new DenoisingObjective(DenoiserMixture.Parse("ul2"), UnusedTokenTokenizer.Instance, new DenoisingOptions { ModeTokens = ModeTokens.Unused });
        var examples = new TextExamples(corpus, objective, seed: 1);
        foreach (var epoch in new[] { 0, 1 })
        {
            var windows = new TextWindows(corpus, objective, seed: 1, epoch);
            var expected = Enumerable.Range(0, windows.Count).Select(index => windows[index]).ToList();
            corpus.Slices = 0;
            Assert.That(examples.CountOf(epoch), Is.EqualTo(expected.Count));
            Assert.That(Enumerable.Range(0, expected.Count).Select(index => examples.LengthOf(epoch, index)), Is.EqualTo(expected.Select(item => item.Example.Length)));
            Assert.That(corpus.Slices, Is.Zero, "lengths need no text");
            for (var index = 0; index < expected.Count; index++)
            {
                var example = examples[epoch, index];
                Assert.That(example.InputIds, Is.EqualTo(expected[index].Example.InputIds));
                Assert.That(example.Labels, Is.EqualTo(expected[index].Example.Labels));
                Assert.That(examples.Kinds[example.Kind], Is.EqualTo(expected[index].Denoiser.ToString()));
            }

            Assert.That(corpus.Slices, Is.EqualTo(expected.Count));
        }
    }

    /// <summary>Counts how often text is read.</summary>
    private sealed class CountingCorpus(TextCorpus corpus) : ITextCorpus
    {
        public int Slices { get; set; }

        public long Length => corpus.Length;

        public IReadOnlyList<int[]> Documents => corpus.Documents;

        public int[] Slice(long start, int length)
        {
            Slices++;
            return corpus.Slice(start, length);
        }
    }
}
