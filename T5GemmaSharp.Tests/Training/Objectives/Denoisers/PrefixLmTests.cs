using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;
using T5GemmaSharp.Training.Objectives.Denoisers;

namespace T5GemmaSharp.Tests.Training.Objectives.Denoisers;

public sealed class PrefixLmTests
{
    [TestCase("s:half", 8, 4)]
    [TestCase("s:half", 9, 4)]
    [TestCase("s:half", 2, 1)]
    [TestCase("s:half", 3, 1)]
    [TestCase("s:0.75", 100, 25)]
    [TestCase("s:0.75", 10, 2)] // 2.5 rounds to the even 2
    [TestCase("s:0.25", 10, 8)] // 7.5 to the even 8
    [TestCase("s:0.01", 10, 9)] // both parts have a token
    [TestCase("s:0.99", 10, 1)]
    public void Write_FixedSplit_IsThis(string denoiser, int length, int prefix)
    {
        var window = UnusedTokenTokenizer.Text(length);
        var (inputIds, labels) = Write(Denoiser.Parse(denoiser), window, index: 0);
        Assert.That(inputIds, Is.EqualTo(window[..prefix]));
        Assert.That(labels, Is.EqualTo(window[prefix..]));
    }

    [Test]
    public void Write_UniformSplit_IsAnywhereInside()
    {
        const int Length = 12;
        var window = UnusedTokenTokenizer.Text(Length);
        var counts = new int[Length - 1];
        for (var index = 0; index < 5500; index++)
        {
            var (inputIds, labels) = Write(PrefixLm.Uniform, window, index);
            Assert.That(inputIds.Concat(labels), Is.EqualTo(window));
            counts[inputIds.Count - 1]++;
        }

        ChiSquare.AssertFits(counts, [.. Enumerable.Repeat(1.0, Length - 1)]);
    }

    [TestCase(0)]
    [TestCase(1)]
    [TestCase(double.NaN)]
    public void Fixed_ShareOutOfRange_NamesIt(double share)
        => Assert.That(() => PrefixLm.Fixed(share), Throws.InstanceOf<ArgumentOutOfRangeException>().With.Message.StartsWith("share"));

    private static (List<int> InputIds, List<int> Labels) Write(Denoiser denoiser, int[] window, int index)
    {
        var (inputIds, labels) = (new List<int>(), new List<int>());
        denoiser.Write(window, [], new ExampleKey(Seed: 6, Epoch: 0, index), inputIds, labels);
        return (inputIds, labels);
    }
}
