using NUnit.Framework;
using T5GemmaSharp.Training.Data;

namespace T5GemmaSharp.Tests.Training.Data;

public sealed class BatchPlanTests
{
    private static readonly Seq2SeqExample[] Examples = [.. Enumerable.Range(0, 1000).Select(index => new Seq2SeqExample(new int[1 + (index * 7 % 13)], new int[1 + (index * 5 % 11)]))];

    [Test]
    public void Create_SameSeedAndEpoch_GivesTheSamePlan()
    {
        var plan = Plan(32, seed: 3, epoch: 4);
        Assert.Multiple(() =>
        {
            Assert.That(Plan(32, seed: 3, epoch: 4), Is.EqualTo(plan));
            Assert.That(Plan(32, seed: 3, epoch: 5), Is.Not.EqualTo(plan));
            Assert.That(Plan(32, seed: 4, epoch: 4), Is.Not.EqualTo(plan));
        });
    }

    [Test]
    public void Create_AnyEpoch_UsesExamplesOnceInFullBatches()
    {
        var plan = Plan(32, seed: 0, epoch: 0);
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
        var plan = Plan(20, seed: 0, epoch: 0);
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
        => Assert.That(() => Plan(1001, seed: 0, epoch: 0), Throws.ArgumentException.With.Message.Contains("1000"));

    [TestCase(40)]
    [TestCase(400)]
    public void Create_LimitOfTokens_UsesEveryExampleOnceAndKeepsTheLimit(int tokens)
    {
        var plan = Plan(1000, seed: 2, epoch: 1, tokens);
        Assert.Multiple(() =>
        {
            Assert.That(plan.SelectMany(batch => batch).Order(), Is.EqualTo(Enumerable.Range(0, 1000)));
            Assert.That(plan.Select(Cells), Is.All.LessThanOrEqualTo(tokens));
            Assert.That(plan.Average(Cells), Is.GreaterThan(0.7 * tokens));
        });
    }

    [Test]
    public void Create_ExampleBeyondTheLimitOfTokens_StandsAlone()
    {
        var plan = Plan(1000, seed: 2, epoch: 1, tokens: 10);
        Assert.That(plan.Where(batch => Cells(batch) > 10), Is.Not.Empty.And.All.Length.EqualTo(1));
    }

    [Test]
    public void BatchCursor_AnyStart_GoesOnThere()
    {
        var cursor = new BatchCursor(epoch => Plan(300, seed: 9, epoch));
        var walk = Enumerable.Range(0, 7).Select(_ => (Start: cursor.Position, Batch: cursor.Next())).ToList();
        Assert.Multiple(() =>
        {
            Assert.That(walk.Select(item => item.Batch.Epoch), Is.EqualTo(new[] { 0, 0, 0, 1, 1, 1, 2 }));
            Assert.That(cursor.Epochs, Is.EqualTo(2 + (1 / 3.0)));
            foreach (var (start, batch) in walk)
                Assert.That(new BatchCursor(epoch => Plan(300, seed: 9, epoch), start).Next(), Is.EqualTo(batch));
        });
    }

    private static IReadOnlyList<int[]> Plan(int batchSize, ulong seed, int epoch, long? tokens = null)
        => BatchPlan.Create(Examples.Length, index => Examples[index].Length, new BatchLimits(batchSize, tokens), seed, epoch);

    private static int Cells(int[] batch)
        => batch.Length * (batch.Max(index => Examples[index].InputIds.Length) + batch.Max(index => Examples[index].Labels.Length));
}
