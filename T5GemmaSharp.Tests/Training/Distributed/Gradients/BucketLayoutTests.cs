using NUnit.Framework;
using T5GemmaSharp.Training.Distributed.Gradients;
using static TorchSharp.torch;

namespace T5GemmaSharp.Tests.Training.Distributed.Gradients;

public sealed class BucketLayoutTests
{
    private static readonly (long Count, ScalarType DType)[] Parameters =
        [(1000, ScalarType.Float32), (64, ScalarType.Float32), (1, ScalarType.Float32), (700, ScalarType.BFloat16), (300, ScalarType.BFloat16), (5000, ScalarType.BFloat16), (0, ScalarType.BFloat16)];

    [TestCase(1)]
    [TestCase(2)]
    [TestCase(3)]
    [TestCase(8)]
    public void StretchesOf_AllRanks_CoverEachParameterOnce(int world)
    {
        var layout = BucketLayout.Create(Parameters, elements: 1100, world);
        using (Assert.EnterMultipleScope())
        {
            for (var index = 0; index < Parameters.Length; index++)
            {
                var next = 0L;
                foreach (var (from, count) in Enumerable.Range(0, world).Select(rank => layout.StretchesOf(rank, world)[index]).Where(stretch => stretch.Count > 0))
                {
                    Assert.That(from, Is.EqualTo(next), $"parameter {index}");
                    next += count;
                }

                Assert.That(next, Is.EqualTo(Parameters[index].Count), $"parameter {index}");
            }
        }
    }

    [Test]
    public void Create_Parameters_LieFromTheLastWithoutOverlapInBucketsOfOneDType()
    {
        var layout = BucketLayout.Create(Parameters, elements: 1100, world: 3);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(layout.Slots[^1].Bucket, Is.Zero, "the last parameter comes first");
            Assert.That(layout.Slots.Select(slot => slot.Bucket), Is.Ordered.Descending);
            Assert.That(layout.Lengths, Is.All.Matches<long>(length => length % (3 * 64) == 0));
            foreach (var (index, slot) in layout.Slots.Index())
            {
                Assert.That(layout.DTypes[slot.Bucket], Is.EqualTo(Parameters[index].DType), $"parameter {index}");
                Assert.That(slot.From % 64, Is.Zero, $"parameter {index}");
                Assert.That(slot.From + slot.Count, Is.LessThanOrEqualTo(layout.Lengths[slot.Bucket]), $"parameter {index}");
            }

            var ends = layout.Slots.GroupBy(slot => slot.Bucket).Select(bucket => bucket.OrderBy(slot => slot.From).ToList());
            foreach (var bucket in ends)
                Assert.That(bucket.Zip(bucket.Skip(1)), Is.All.Matches<(BucketSlot First, BucketSlot Second)>(pair => pair.First.From + pair.First.Count <= pair.Second.From));
        }
    }

    [Test]
    public void Create_LargeParameter_HasABucketOfItsOwn()
        => Assert.That(BucketLayout.Create(Parameters, elements: 1100, world: 1).Slots.Count(slot => slot.Bucket == BucketLayout.Create(Parameters, 1100, 1).Slots[5].Bucket), Is.EqualTo(1).Or.EqualTo(2), "alone, or with the one without elements");
}
