using NUnit.Framework;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Tests.Training.Data;

public sealed class BatchPlanTests
{
    private static readonly Seq2SeqExample[] Examples = [.. Enumerable.Range(0, 1000).Select(index => new Seq2SeqExample(new int[1 + (index * 7 % 13)], new int[1 + (index * 5 % 11)]))];

    [Test]
    public void Create_SameSeedAndEpoch_GivesTheSamePlan()
    {
        var plan = BatchPlan.Create(Examples, batchSize: 32, seed: 3, epoch: 4);
        Assert.Multiple(() =>
        {
            Assert.That(BatchPlan.Create(Examples, batchSize: 32, seed: 3, epoch: 4), Is.EqualTo(plan));
            Assert.That(BatchPlan.Create(Examples, batchSize: 32, seed: 3, epoch: 5), Is.Not.EqualTo(plan));
            Assert.That(BatchPlan.Create(Examples, batchSize: 32, seed: 4, epoch: 4), Is.Not.EqualTo(plan));
        });
    }

    [Test]
    public void Create_AnyEpoch_UsesExamplesOnceInFullBatches()
    {
        var plan = BatchPlan.Create(Examples, batchSize: 32, seed: 0, epoch: 0);
        Assert.Multiple(() =>
        {
            Assert.That(plan, Has.Count.EqualTo(1000 / 32));
            Assert.That(plan, Is.All.Length.EqualTo(32));
            Assert.That(plan.SelectMany(batch => batch), Is.Unique);
        });
    }

    [Test]
    public void Create_MixedLengths_LeavesLittlePaddingAndStartsWithTheLongest()
    {
        var plan = BatchPlan.Create(Examples, batchSize: 20, seed: 0, epoch: 0);
        var tokens = plan.Sum(batch => batch.Sum(index => Examples[index].InputIds.Length));
        var cells = plan.Sum(batch => batch.Length * batch.Max(index => Examples[index].InputIds.Length));
        Assert.Multiple(() =>
        {
            Assert.That(1 - ((double)tokens / cells), Is.LessThan(0.12)); // unsorted batches pad 46 %
            Assert.That(plan[0].Max(index => Examples[index].InputIds.Length + Examples[index].Labels.Length), Is.EqualTo(13 + 11));
        });
    }

    [Test]
    public void Create_FewerExamplesThanABatch_Throws()
        => Assert.That(() => BatchPlan.Create(Examples, batchSize: 1001, seed: 0, epoch: 0), Throws.ArgumentException.With.Message.Contains("1000"));

    [Test]
    public void BatchSequence_AnyOrderOfAccess_GivesTheSameBatches()
    {
        var forward = new BatchSequence(Examples, batchSize: 300, seed: 9);
        var batches = Enumerable.Range(0, 7).Select(index => forward[index]).ToList();
        var backward = new BatchSequence(Examples, batchSize: 300, seed: 9);
        Assert.Multiple(() =>
        {
            Assert.That(forward.BatchesPerEpoch, Is.EqualTo(3));
            for (var index = 6; index >= 0; index--)
                Assert.That(backward[index], Is.EqualTo(batches[index]));
        });
    }
}
