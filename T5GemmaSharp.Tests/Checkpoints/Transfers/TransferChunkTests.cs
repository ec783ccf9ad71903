using NUnit.Framework;
using T5GemmaSharp.Checkpoints.Transfers;

namespace T5GemmaSharp.Tests.Checkpoints.Transfers;

public sealed class TransferChunkTests
{
    [Test]
    public void Plan_PartsOfAllSizes_CoversEveryByteOnceInWholeElements([Values(8, 10, 64, 1000)] int bufferSize)
    {
        TransferPart[] parts = [new("a", 100, 48, 8), new("b", 8, 0, 2), new("a", 8, 92, 4), new("b", 8, 30, 2), new("c", 8, 1, 1)];
        var chunks = TransferChunk.Plan(parts, bufferSize);
        var times = parts.Select(part => new int[part.LengthInBytes]).ToArray();
        foreach (var chunk in chunks)
        {
            Assert.That(chunk.LengthInBytes, Is.GreaterThan(0).And.LessThanOrEqualTo(bufferSize));
            Assert.That(chunk.LengthInBytes % parts[chunk.Part].ElementSize, Is.Zero);
            for (var place = 0; place < chunk.LengthInBytes; place++)
                times[chunk.Part][chunk.OffsetInPart + place]++;
        }
        Assert.That(times.SelectMany(part => part), Is.All.EqualTo(1));
    }

    [Test]
    public void Plan_SeveralFiles_ReadsThemInTurnAndEachForward()
    {
        TransferPart[] parts = [new("a", 20, 8, 2), new("a", 8, 12, 2), new("b", 8, 8, 2)];
        Assert.That(TransferChunk.Plan(parts, bufferSizeInBytes: 8), Is.EqualTo(new TransferChunk[] { new(1, 0, 8), new(2, 0, 8), new(1, 8, 4), new(0, 0, 8) }));
    }

    [Test]
    public void Plan_NoParts_IsEmpty() => Assert.That(TransferChunk.Plan([], bufferSizeInBytes: 8), Is.Empty);
}
