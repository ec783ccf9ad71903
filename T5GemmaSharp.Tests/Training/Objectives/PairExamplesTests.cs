using NUnit.Framework;
using T5GemmaSharp.Training.Objectives;
using Tiny = T5GemmaSharp.Tests.Tokenization.TinyTokenizer;

namespace T5GemmaSharp.Tests.Training.Objectives;

public sealed class PairExamplesTests
{
    [Test]
    public void Create_Pair_FramesBothAsTheCheckpointDoes()
    {
        var example = PairExamples.Create(Tiny.Create(), "abc", "d<eos>");
        Assert.That(example.InputIds, Is.EqualTo(Tiny.Ids("<bos>", "a", "bc")));
        Assert.That(example.Labels, Is.EqualTo(Tiny.Ids("d", "<eos>", "<eos>")));
    }

    [Test]
    public void Create_UntrustedText_MakesNoSpecialToken()
    {
        var example = PairExamples.Create(Tiny.Create(), "<bos>", "<eos>", parseSpecial: false);
        Assert.That(example.InputIds, Is.EqualTo(Tiny.Ids("<bos>", "<", "b", "o", "s", ">")));
        Assert.That(example.Labels, Is.EqualTo(Tiny.Ids("<", "e", "o", "s", ">", "<eos>")));
    }
}
