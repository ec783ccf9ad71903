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
        var batch = Seq2SeqBatch.Create([new([5, 6, 7], [8]), new([9], [-100, 11])], padId: 0);
        var tensors = batch.To(CPU);
        Assert.Multiple(() =>
        {
            Assert.That((batch.Targets, batch.Tokens, batch.Cells), Is.EqualTo((2L, 7L, 10L)));
            Assert.That(tensors.InputIds.data<long>().ToArray(), Is.EqualTo(new long[] { 5, 6, 7, 9, 0, 0 }));
            Assert.That(tensors.AttentionMask.data<long>().ToArray(), Is.EqualTo(new long[] { 1, 1, 1, 1, 0, 0 }));
            Assert.That(tensors.Labels.data<long>().ToArray(), Is.EqualTo(new long[] { 8, -100, -100, 11 }));
            Assert.That(tensors.Labels.shape, Is.EqualTo(new long[] { 2, 2 }));
            Assert.That(tensors.Positions.data<long>().ToArray(), Is.EqualTo(new long[] { 0, 3 }));
            Assert.That(tensors.Targets.data<long>().ToArray(), Is.EqualTo(new long[] { 8, 11 }));
        });
    }
}
