using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class TextWindowsTests
{
    private static readonly int[][] Documents = [.. Enumerable.Range(0, 300).Select(document => UnusedTokenTokenizer.Text(1 + (document * 37 % 211)))];

    private static readonly TextCorpus Corpus = new(Documents, UnusedTokenTokenizer.Eos);

    private static readonly DenoisingObjective Ul2 = Objective("ul2");

    [TestCase("t5")]
    [TestCase("ul2")]
    [TestCase("t5gemma2-ul2")]
    [TestCase("prefixlm")]
    public void Windows_Together_AreTheText(string mixture)
    {
        var windows = new TextWindows(Corpus, Objective(mixture), seed: 1, epoch: 0);
        var text = Enumerable.Range(0, windows.Count).SelectMany(windows.Window).ToArray();
        Assert.That(text, Is.EqualTo(Corpus.Slice(0, text.Length)));
        Assert.That(Corpus.Length - text.Length, Is.LessThan(2));
    }

    [Test]
    public void Windows_AllButTheLast_AreAsLongAsTheirDenoiserTakes()
    {
        var windows = new TextWindows(Corpus, Ul2, seed: 1, epoch: 0);
        for (var index = 0; index < windows.Count - 1; index++)
            Assert.That(windows.Window(index), Has.Length.EqualTo(Ul2.WindowLength(windows[index].Denoiser)));
        Assert.That(Enumerable.Range(0, windows.Count).Select(index => windows[index].Denoiser).Distinct().Count(), Is.EqualTo(Ul2.Mixture.Parts.Count));
    }

    [Test]
    public void Item_EveryExample_HoldsItsWindow()
    {
        var windows = new TextWindows(Corpus, Objective("ul2", ModeTokens.None), seed: 1, epoch: 0);
        for (var index = 0; index < windows.Count; index++)
            Assert.That(Interleaving.Restore(windows[index].Example, SentinelTable.Gemma.Sentinels), Is.EqualTo(windows.Window(index)));
    }

    [TestCase("t5")]
    [TestCase("ul2")]
    [TestCase("prefixlm")]
    [TestCase("r:3,0.15,roll@0.4+x:32,0.5,roll@0.3+s:0.7@0.3")]
    public void LengthOf_EveryExample_IsThatOfTheExample(string mixture)
    {
        var objective = new DenoisingObjective(
            DenoiserMixture.Parse(mixture), UnusedTokenTokenizer.Instance, new DenoisingOptions { ModeTokens = ModeTokens.Unused, EncoderBos = true, EncoderEos = true });
        var windows = new TextWindows(Corpus, objective, seed: 1, epoch: 0);
        Assert.That(Enumerable.Range(0, windows.Count).Select(windows.LengthOf), Is.EqualTo(Enumerable.Range(0, windows.Count).Select(index => windows[index].Example.Length)));
    }

    [Test]
    public void Item_AnyOrderAndThread_IsTheSame()
    {
        var expected = Texts(new TextWindows(Corpus, Ul2, seed: 1, epoch: 3), Enumerable.Range(0, 40));
        var shared = new TextWindows(Corpus, Ul2, seed: 1, epoch: 3);
        var parallel = new string[expected.Length];
        Parallel.For(0, expected.Length, new ParallelOptions { MaxDegreeOfParallelism = 4 }, index => parallel[index] = Text(shared[index]));
        using (Assert.EnterMultipleScope())
        {
            Assert.That(parallel, Is.EqualTo(expected));
            Assert.That(Texts(shared, Enumerable.Range(0, 40).Reverse()).Reverse(), Is.EqualTo(expected));
            Assert.That(Texts(new TextWindows(Corpus, Ul2, seed: 1, epoch: 4), Enumerable.Range(0, 40)), Is.Not.EqualTo(expected));
            Assert.That(Texts(new TextWindows(Corpus, Ul2, seed: 2, epoch: 3), Enumerable.Range(0, 40)), Is.Not.EqualTo(expected));
        }
    }

    [TestCase(2, 1)]
    [TestCase(569, 1)]
    [TestCase(570, 1)] // the last token alone is no example
    [TestCase(571, 2)]
    public void Count_ShortText_CountsTheRestFromTwoTokens(int length, int count)
        => Assert.That(new TextWindows(new TextCorpus([UnusedTokenTokenizer.Text(length)], UnusedTokenTokenizer.Eos), Objective("t5", ModeTokens.None), seed: 1, epoch: 0).Count, Is.EqualTo(count));

    [Test]
    public void Constructor_TextTooShort_Throws()
        => Assert.That(() => new TextWindows(new TextCorpus([[1000]], UnusedTokenTokenizer.Eos), Ul2, seed: 1, epoch: 0), Throws.ArgumentException.With.Message.Contains("got 1"));

    [Test]
    public void Constructor_ReservedTokenInADocument_NamesThePlace()
        => Assert.That(
            () => new TextWindows(new TextCorpus([[1000, 1001], [1000, 1001, 1002, 9]], UnusedTokenTokenizer.Eos), Ul2, seed: 1, epoch: 0),
            Throws.ArgumentException.With.Message.Contains("document 1: token 3 is 9 (<unused2>)"));

    [Test]
    public void Item_OutsideTheEpoch_Throws()
    {
        var windows = new TextWindows(Corpus, Ul2, seed: 1, epoch: 0);
        Assert.That(() => windows[windows.Count], Throws.InstanceOf<ArgumentOutOfRangeException>());
        Assert.That(() => windows[-1], Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    private static DenoisingObjective Objective(string mixture, ModeTokens modeTokens = ModeTokens.Unused)
        => new(DenoiserMixture.Parse(mixture), UnusedTokenTokenizer.Instance, new DenoisingOptions { ModeTokens = modeTokens });

    private static string[] Texts(TextWindows windows, IEnumerable<int> indices) => [.. indices.Select(index => Text(windows[index]))];

    private static string Text(DenoisedExample example) => $"{example.Denoiser} {string.Join(' ', example.Example.InputIds)} | {string.Join(' ', example.Example.Labels)}";
}
