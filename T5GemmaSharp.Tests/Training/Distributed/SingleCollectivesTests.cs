using NUnit.Framework;
using T5GemmaSharp.Training.Distributed;
using T5GemmaSharp.Training.Distributed.Checking;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed;

public sealed class SingleCollectivesTests
{
    [Test]
    public void Operations_OfOneRank_AreRightInEverySizeAndDType()
    {
        using var ranks = new SingleCollectives(CPU);
        Assert.That(CollectivesCheck.Faults(ranks), Is.Empty);
    }

    [Test]
    public void Operations_WrongTensors_AreRefusedByName()
    {
        using var scope = NewDisposeScope();
        using var ranks = new SingleCollectives(CPU);
        Assert.Multiple(() =>
        {
            Assert.That(() => ranks.AllReduce(zeros([2], dtype: ScalarType.Byte)), Throws.ArgumentException.With.Message.Contains("got Byte"));
            Assert.That(() => ranks.AllReduce(zeros([2, 3]).t()), Throws.ArgumentException.With.Message.Contains("contiguous"));
            Assert.That(() => ranks.AllGather(zeros([2]), zeros([3])), Throws.ArgumentException.With.Message.Contains("1 times 2"));
            Assert.That(() => ranks.Broadcast(zeros([2]), root: 1), Throws.ArgumentException.With.Message.Contains("expected 0 to 0, got 1"));
        });
    }

    [Test]
    public void Extensions_OfOneRank_GiveBackWhatTheyGot()
    {
        using var ranks = new SingleCollectives(CPU);
        Assert.Multiple(() =>
        {
            Assert.That(ranks.Sum([1L, -2L]), Is.EqualTo(new[] { 1L, -2L }));
            Assert.That(ranks.Sum([0.5]), Is.EqualTo(new[] { 0.5 }));
            Assert.That(ranks.Gather([3L]), Is.EqualTo(new[] { 3L }));
            Assert.That(ranks.FromFirst("runs/ä-1"), Is.EqualTo("runs/ä-1"));
            Assert.That(ranks.FromFirst(""), Is.Empty);
        });
    }
}
