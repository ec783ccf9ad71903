using NUnit.Framework;
using T5GemmaSharp.Training.Data;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Data;

public sealed class Seq2SeqBatchTests
{
    [Test]
    public void Create_UnequalLengths_PadsAndCountsTargets()
    {
        using var scope = NewDisposeScope();
        var batch = Seq2SeqBatch.Create([new([5, 6, 7], [8]), new([9], [10, 11])], padId: 0, CPU);
        Assert.Multiple(() =>
        {
            Assert.That(batch.InputIds.data<long>().ToArray(), Is.EqualTo(new long[] { 5, 6, 7, 9, 0, 0 }));
            Assert.That(batch.AttentionMask.data<long>().ToArray(), Is.EqualTo(new long[] { 1, 1, 1, 1, 0, 0 }));
            Assert.That(batch.Labels.data<long>().ToArray(), Is.EqualTo(new long[] { 8, -100, 10, 11 }));
            Assert.That(batch.Labels.shape, Is.EqualTo(new long[] { 2, 2 }));
            Assert.That(batch.TargetTokens, Is.EqualTo(3));
        });
    }
}
